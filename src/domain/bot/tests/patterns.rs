//! Patterns: what Python means by them, and what is refused.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::domain::bot::pattern::Pattern;

fn found(pattern: &str, text: &str) -> Option<Value> {
    let pattern = Pattern::compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    pattern.find(text).map(Value::Object)
}

#[test]
fn patterns_mean_what_they_mean_in_python() {
    let rows: &[(&str, &str, bool)] = &[
        ("authors", "the /authors please", true),
        ("^a$", "a\n", true),
        ("^a$", "A", false),
        ("(?i)AÑO", "año", true),
        ("b(?i)", "B", true),
        ("a{2}", "aa", true),
        ("^a{,2}$", "aa", true),
        ("^a{,2}$", "aaa", false),
        ("^a{,}$", "aaa", true),
        ("{name}", "{name}", true),
        ("a{x}", "a{x}", true),
        ("a{", "a{", true),
        ("}", "}", true),
        ("^x{}$", "x{}", true),
        (r"x\Z", "yx", true),
        (r"\Ax\Z", "x\n", true),
        (r"^\w+$", "ñandú", true),
        ("^[a&&b]+$", "&a", true),
        ("^[[a]+$", "[a", true),
        ("^[]a]+$", "]a", true),
        ("^[^]a]+$", "b", true),
        ("^[+--]$", ",", true),
        ("^[a~~b]+$", "~", true),
        ("^[[:alpha:]]+$", "abc", true),
        (r"^[\b]$", "\u{8}", true),
        (r"\<x\>", "<x>", true),
        (r"^a\ b\/c\-d$", "a b/c-d", true),
        ("(?x) a b # c {", "ab", true),
        ("(?x)[ ]", " ", true),
        ("(?u)é", "é", true),
        ("(?P<a>x)(?:y)?", "x", true),
        (r"\x41\u00f1", "Añ", true),
        ("a+?b??c*?", "a", true),
        (".", "\n\n", false),
    ];
    for (pattern, text, matches) in rows {
        assert_eq!(found(pattern, text).is_some(), *matches, "{pattern} in {text:?}");
    }
}

#[test]
fn named_groups_are_texts_or_null_and_others_are_dropped() {
    assert_eq!(found(r"(\d)(?P<a>x)|(?P<b>y)", "1x"), Some(json!({"a": "x", "b": null})));
    assert_eq!(found("(a)", "a"), Some(json!({})));
}

#[test]
fn a_whole_text_matches_by_any_branch_of_the_pattern() {
    let whole = |pattern: &str, text: &str| Pattern::compile(pattern).expect(pattern).is_whole(text);
    assert!(whole("a|ab", "ab") && whole("(?x) a b # c", "ab") && !whole("a|b", "ab"));
}

#[test]
fn what_is_not_understood_is_named() {
    let rows = [
        ("(?=a)", "Look-ahead"),
        ("(?!a)", "Look-ahead"),
        ("(?<=a)b", "Look-behind"),
        ("(?<!a)b", "Look-behind"),
        (r"(a)\1", "Back references"),
        ("(?P<a>x)(?P=a)", "Back references"),
        ("(a)?(?(1)b)", "Conditionals"),
        ("a(?#why)", "Comments"),
        ("(?>a)", "Atomic"),
        ("a++", "Possessive"),
        ("a**", "multiple repeat"),
        ("a{2}{3}", "multiple repeat"),
        ("(?P<a>x)|(?P<a>y)", "duplicate"),
        ("(", "unclosed"),
        ("*", "repetition"),
        ("[a", "not closed"),
        (r"(\w{1000}){1000}", "too large"),
        (r"a\", "at the end"),
    ];
    for (pattern, word) in rows {
        let error = Pattern::compile(pattern).expect_err(pattern);
        assert!(error.contains(word), "{pattern}: {error}");
    }
    assert!(Pattern::compile(&"a".repeat(1_001)).is_err());
}

#[test]
fn patterns_that_explode_elsewhere_take_no_time_here() {
    let pattern = Pattern::compile("^(a+)+$").expect("a pattern");
    assert!(pattern.find(&("a".repeat(4_000) + "b")).is_none());
    assert!(pattern.find(&"a".repeat(100_000)).is_some(), "4096 characters are looked at");
}

proptest! {
    #[test]
    fn no_pattern_and_no_text_panics(pattern in "[\\\\a-c(){}\\[\\]?*+,0-3|^$:P<>=!#x&~ -]{0,24}", text in "\\PC{0,40}") {
        if let Ok(pattern) = Pattern::compile(&pattern) {
            pattern.find(&text);
            pattern.is_whole(&text);
        }
    }

    #[test]
    fn any_text_can_be_looked_for_when_escaped(text in "\\PC{1,20}") {
        let pattern: String = text.chars().flat_map(|char| if char.is_alphanumeric() { vec![char] } else { vec!['\\', char] }).collect();
        prop_assert!(found(&pattern, &text).is_some());
    }
}
