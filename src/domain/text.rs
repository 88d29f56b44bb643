//! Texts on their way in and out (contract, 7.3): trimmed when they come, escaped when they leave.

use std::borrow::Cow;

/// Takes the white space off both ends; inner line breaks stay.
pub fn trim(text: &str) -> &str {
    text.trim()
}

/// The five characters of HTML replaced by their entities, as the contract records them.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#x27;"),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

/// What [`escape`] did, undone.
pub fn unescape(text: &str) -> String {
    // `&amp;` last, lest what it gives is read again
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#x27;", "'");
    plain.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping_is_the_contracts() {
        let table = [
            ("Hi <b>all</b> & \"you\" it's me", "Hi &lt;b&gt;all&lt;/b&gt; &amp; &quot;you&quot; it&#x27;s me"),
            ("plain", "plain"),
            ("&amp;", "&amp;amp;"),
            ("", ""),
            ("a\nb", "a\nb"),
        ];
        for (sent, leaves) in table {
            assert_eq!(escape(sent), leaves);
            assert_eq!(unescape(leaves), sent);
        }
    }
}
