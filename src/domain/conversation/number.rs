//! Numbers that pick an option of a choice that went out as text (contract, 14.3).

/// Which option a text picks, counted from 1.
pub fn pick(text: &str, options: usize) -> Option<usize> {
    let text = text.trim();
    let digits = text.strip_suffix(['.', ')']).unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    let number: usize = plain.then(|| digits.parse().ok())??;
    (1..=options).contains(&number).then_some(number)
}
