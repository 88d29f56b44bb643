//! Making text safe for a client that renders Markdown with raw HTML and pastes addresses unescaped (botkit contract, 12.1).

/// How far a text is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// A person may have had a hand in it: nothing in it can become a link, a picture or a tag.
    Person,
    /// A trusted bot's author wrote it: Markdown stays, with harmless addresses.
    Author,
}

/// The longest address that is handed on.
const MAX_ADDRESS: usize = 2_048;

fn reference(out: &mut String, character: char) {
    out.push_str("&#");
    out.push_str(&u32::from(character).to_string());
    out.push(';');
}

/// A text as the client may be given it.
pub fn text(written: &str, trust: Trust) -> String {
    let mut out = String::with_capacity(written.len() + 16);
    for character in written.chars() {
        let dangerous = match trust {
            Trust::Person => matches!(character, '&' | '<' | '>' | '"' | '\'' | '[' | ']'),
            Trust::Author => matches!(character, '&' | '<' | '>' | '"' | '\''),
        };
        if dangerous {
            reference(&mut out, character);
        } else {
            out.push(character);
        }
    }
    if trust == Trust::Author && !addresses_are_harmless(&out) {
        // one bad address, and nothing of it is a link
        return text(written, Trust::Person);
    }
    out
}

/// Whether the addresses of all links, pictures and definitions are relative, http, https or mailto.
fn addresses_are_harmless(markdown: &str) -> bool {
    let inline = markdown.match_indices("](").map(|(at, found)| (at + found.len(), ')'));
    let defined = markdown.match_indices("]:").map(|(at, found)| (at + found.len(), '\n'));
    inline.chain(defined).all(|(from, end)| {
        let rest = markdown.get(from..).unwrap_or_default();
        let target = rest.split(end).next().unwrap_or_default().trim();
        scheme_is_harmless(target)
    })
}

/// Whether an address has one of the schemes that may be opened, or none.
fn scheme_is_harmless(target: &str) -> bool {
    // what browsers leave out of an address must not hide its scheme
    let plain: String = target.chars().filter(|character| !character.is_control() && *character != ' ').collect();
    let plain = plain.to_ascii_lowercase();
    let Some(colon) = plain.find(':') else { return !plain.contains("&#") };
    let scheme = plain.get(..colon).unwrap_or_default();
    if scheme.contains(['/', '?', '#']) {
        return !scheme.contains("&#");
    }
    matches!(scheme, "http" | "https" | "mailto")
}

/// An address as the client may be given it: of a scheme that may be opened, and without characters that end an attribute.
/// `None` for any other.
pub fn address(written: &str) -> Option<String> {
    let trimmed = written.trim();
    if trimmed.is_empty() || trimmed.len() > MAX_ADDRESS || !scheme_is_harmless(trimmed) {
        return None;
    }
    let mut out = String::with_capacity(trimmed.len());
    for character in trimmed.chars() {
        let ends_something = matches!(character, '"' | '\'' | '<' | '>' | '`' | ' ' | '\\') || character.is_control();
        if ends_something {
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                out.push('%');
                out.push_str(&format!("{byte:02X}"));
            }
        } else {
            out.push(character);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_of_a_person_can_become_markup() {
        let evil = "<img src=x onerror=alert(1)> [x](javascript:alert(1)) \"'&";
        let safe = text(evil, Trust::Person);
        assert!(!safe.contains(['<', '>', '[', ']', '"', '\'']), "{safe}");
        assert_eq!(text("*hi* there", Trust::Person), "*hi* there");
        assert_eq!(text("a & b", Trust::Person), "a &#38; b");
    }

    #[test]
    fn an_author_keeps_links_that_are_harmless() {
        assert_eq!(text("[docs](https://example.org/a)", Trust::Author), "[docs](https://example.org/a)");
        assert_eq!(text("[here](/path)", Trust::Author), "[here](/path)");
        let table = [
            "[x](javascript:alert(1))",
            "[x](JaVa\tscript:alert(1))",
            "![x](data:text/html;base64,AA)",
            "[x]: javascript:alert(1)",
            "[x]( vbscript:x)",
            "[x](&#106;avascript:alert(1))",
        ];
        for evil in table {
            assert!(!text(evil, Trust::Author).contains(']'), "{evil}");
        }
        assert_eq!(text("[x](https://a.example/\" onmouseover=1)", Trust::Author).find('"'), None);
    }

    #[test]
    fn only_some_schemes_are_opened() {
        let table = [
            ("https://example.org/a b", Some("https://example.org/a%20b")),
            ("/returns/new", Some("/returns/new")),
            ("mailto:ann@example.org", Some("mailto:ann@example.org")),
            ("https://example.org/\"onload=\"x", Some("https://example.org/%22onload=%22x")),
            ("javascript:alert(1)", None),
            (" java\nscript:alert(1)", None),
            ("data:text/html,x", None),
            ("", None),
        ];
        for (written, expected) in table {
            assert_eq!(address(written).as_deref(), expected, "{written}");
        }
    }

    proptest! {
        #[test]
        fn no_text_opens_a_tag_or_ends_an_attribute(written in "\\PC{0,80}") {
            for trust in [Trust::Person, Trust::Author] {
                let safe = text(&written, trust);
                prop_assert!(!safe.contains(['<', '>', '"', '\'']));
            }
            if let Some(safe) = address(&written) {
                prop_assert!(!safe.contains(['<', '>', '"', '\'', ' ']));
            }
        }
    }
}
