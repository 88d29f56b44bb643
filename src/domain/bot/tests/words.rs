//! Keyboards, marks, cutting, contexts, hours: what texts become.

use proptest::prelude::*;
use serde_json::{Map, json};

use crate::domain::bot::keyboard::{self, Payload};
use crate::domain::bot::split::{Unit, split};
use crate::domain::bot::{html, state_context};

fn keys(rendered: &str) -> Vec<(String, String)> {
    let buttons = keyboard::parse(rendered).unwrap_or_else(|error| panic!("{rendered}: {error}"));
    let payload = |payload| match payload {
        Payload::Text(text) => text,
        Payload::Link(link) => format!("→{link}"),
    };
    buttons.into_iter().map(|button| (button.label, payload(button.payload))).collect()
}

#[test]
fn keyboards_are_read_as_python_reads_them() {
    let rows: &[(&str, &[(&str, &str)])] = &[
        ("", &[]),
        ("  \n", &[]),
        ("[]", &[]),
        ("'a'", &[("a", "a")]),
        ("('a', 'b')", &[("a", "b")]),
        ("'a', 'b'", &[("a", "b")]),
        ("(('a'))", &[("a", "a")]),
        ("[['a'], [['b']],]", &[("a", "a"), ("b", "b")]),
        ("[u'ñ', \"it's\", 'it\\'s']", &[("ñ", "ñ"), ("it's", "it's"), ("it's", "it's")]),
        ("['a' 'b']", &[("ab", "ab")]),
        ("['''x\ny''']", &[("x\ny", "x\ny")]),
        ("['\\x41\\u00f1\\U0001F600\\n']", &[("Añ😀\n", "Añ😀\n")]),
        ("[\"\\ud83d\\ude00\"]", &[("😀", "😀")]),
        ("[1, 2.5, -3]", &[("1", "1"), ("2.5", "2.5"), ("-3", "-3")]),
        ("[('a', 'https://x.org/y')]", &[("a", "→https://x.org/y")]),
        ("[('a', 'see http here')]", &[("a", "see http here")]),
        ("[('a', 'http://')]", &[("a", "http://")]),
        ("[('a', 7)]", &[("a", "7")]),
    ];
    for (rendered, wanted) in rows {
        let wanted: Vec<(String, String)> = wanted.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        assert_eq!(keys(rendered), wanted, "{rendered}");
    }
}

#[test]
fn what_is_no_keyboard_is_refused() {
    let deep = "[".repeat(40) + &"]".repeat(40);
    let many = format!("[{}]", "'a',".repeat(101));
    let rows = [
        "[",
        "['a'",
        "a",
        "1+1",
        "f()",
        "[None]",
        "[True]",
        "('a',)",
        "('a','b','c')",
        "r'a'",
        "b'a'",
        "'a",
        "{}",
        "['a' 1]",
        "[,]",
        &deep,
        &many,
    ];
    for rendered in rows {
        assert!(keyboard::parse(rendered).is_err(), "{rendered}");
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "[\\[\\]()'\"u\\\\,0-9a .\\n#\u{1F600}-]{0,60}") {
        drop(keyboard::parse(&text));
    }

    #[test]
    fn a_quoted_text_is_itself_when_read(text in "\\PC{1,40}") {
        prop_assume!(!text.trim().is_empty() && !keyboard::is_link(&text));
        prop_assert_eq!(keys(&keyboard::quote(&text)), vec![(text.clone(), text)]);
    }

    #[test]
    fn cutting_keeps_all_words_and_the_limit(text in "[a-zé😀 \\n-]{0,300}", limit in 1_usize..40) {
        let parts = split(&text, limit, Unit::Characters);
        let bare = |text: &str| text.chars().filter(|char| !char.is_whitespace()).collect::<String>();
        prop_assert_eq!(bare(&parts.concat()), bare(&text));
        prop_assert!(parts.iter().all(|part| part.chars().count() <= limit && !part.trim().is_empty()));
    }

    #[test]
    fn marked_texts_stay_closed_and_within_the_limit(words in proptest::collection::vec("<b>[a-z ]{1,9}</b>|<a href=\"x\">[a-z😀]{1,9}</a>|[a-z]{1,6} |&lt;", 0..40), limit in 2_usize..30) {
        let text = words.concat();
        for part in split(&text, limit, Unit::Marked) {
            prop_assert!(html::check(&part).is_ok(), "{}", part);
            prop_assert!(html::plain(&part).encode_utf16().count() <= limit, "{}", part);
        }
    }
}

#[test]
fn texts_are_cut_where_a_person_would() {
    let parts = |text: &str, limit| split(text, limit, Unit::Characters);
    assert_eq!(parts("one two three", 8), ["one two", "three"]);
    assert_eq!(parts("a\\n\\nb\\n c ", 100), ["a", "b", "c"]);
    assert_eq!(parts("two lines\nhere", 100), ["two lines\nhere"]);
    assert_eq!(parts("aaa bbb\nccc ddd", 10), ["aaa bbb", "ccc ddd"]);
    assert_eq!(parts("well-known", 6), ["well-", "known"]);
    assert_eq!(parts("abcdef", 4), ["abcd", "ef"]);
    assert_eq!(parts("   ", 4), Vec::<String>::new());
    let marked = split("<b>one two</b>", 4, Unit::Marked);
    assert_eq!(marked, ["<b>one</b>", "<b>two</b>"]);
    assert_eq!(split(&"😀".repeat(3), 4, Unit::Marked), ["😀😀", "😀"], "two units each");
}

#[test]
fn marks_are_checked_on_the_source() {
    let good = [
        "a",
        "<b>x</b>",
        "<a href=\"{{u}}\">x</a>",
        "1 < 2",
        "{% if a < b %}<b>{% endif %}x</b>",
        "<em><u>x</u></em>",
        "a > b",
        "{{ '<' }}",
    ];
    let bad = ["<b>x", "x</b>", "<b><i>x</b></i>", "a<br/>b", "<br>", "<div>x</div>", "<b/>", "<a href='x'", "<b"];
    for source in good {
        assert_eq!(html::check(source), Ok(()), "{source}");
    }
    for source in bad {
        assert!(html::check(source).is_err_and(|error| error.starts_with("Not correct")), "{source}");
    }
    assert_eq!(
        html::without_tags("<b>{{ n }}</b> &amp; <a href=\"{{ u }}\">x</a> {{ '<b>' }}"),
        "{{ n }} & x {{ '<b>' }}"
    );
}

#[test]
fn a_context_stays_small_and_keeps_the_newest() {
    let mut context = Map::new();
    let big = json!({"status": 200, "data": "x".repeat(10_000)});
    for at in 0..20 {
        state_context::store(&mut context, Some(&format!("State {at}")), &Map::new(), &big);
    }
    assert!(json!(context).to_string().len() <= state_context::MAX_CONTEXT);
    assert!(context.contains_key("state_19") && !context.contains_key("state_0"));
    state_context::store(&mut context, None, &Map::new(), &json!({"status": 200, "data": "x".repeat(20_000)}));
    assert_eq!(context["_start"], json!({"pattern": {}, "response": {"status": 200, "data": {}}}));
    assert!(state_context::share_key("Asked Name", "asked_name"));
}
