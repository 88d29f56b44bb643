//! Codes of languages: `es`, `pt-BR`, `zh-Hant-TW` (the form of BCP 47, not its register).

/// The longest code, in characters.
pub const MAX_CODE: usize = 35;
/// The complaint about what is no code.
pub const NO_CODE: &str = "Enter the code of a language, such as es or pt-BR.";

/// Whether a text has the form of a code.
pub fn is_code(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    let is_language = (2..=8).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_further =
        |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    text.len() <= MAX_CODE && is_language && parts.all(is_further)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_form_of_the_standard() {
        for fine in ["es", "pt-BR", "zh-Hant-TW", "de-1996", "sl-rozaj-biske"] {
            assert!(is_code(fine), "{fine}");
        }
        let long = "en-".to_owned() + &"abcd-".repeat(8) + "abcd";
        for bad in ["", "e", "english-", "pt_BR", "12", "es-", "-es", "es--ES", "e s", "español", long.as_str()] {
            assert!(!is_code(bad), "{bad}");
        }
    }
}
