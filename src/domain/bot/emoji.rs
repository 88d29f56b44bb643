//! Emoji by name (bots contract, 6.4): looked up one by one, never laid out for a message.

use std::collections::HashMap;
use std::sync::OnceLock;

/// Name → code points, as the contract lists them.
const LIST: &str = include_str!("emoji.json");

fn table() -> &'static HashMap<&'static str, &'static str> {
    static TABLE: OnceLock<HashMap<&'static str, &'static str>> = OnceLock::new();
    TABLE.get_or_init(|| serde_json::from_str(LIST).unwrap_or_default())
}

/// The characters of a name, such as `pile_of_poo`.
pub fn named(name: &str) -> Option<String> {
    let points = table().get(name)?.split(' ');
    points.map(|point| u32::from_str_radix(point.strip_prefix("U+")?, 16).ok().and_then(char::from_u32)).collect()
}

/// All names.
pub fn names() -> impl Iterator<Item = &'static str> {
    table().keys().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_list_has_characters() {
        assert_eq!(names().count(), 842);
        assert!(names().all(|name| named(name).is_some_and(|characters| !characters.is_empty())));
        assert_eq!(named("heavy_black_heart").as_deref(), Some("\u{2764}"));
        assert_eq!(named("digit_one_plus_combining_enclosing_keycap").as_deref(), Some("1\u{20e3}"));
        assert_eq!(named("nothing_of_the_kind"), None);
    }
}
