//! As much YAML as a credentials file needs: mappings, lists and scalars, each scalar with the text that stands in the file,
//! so that `0049` stays `0049`. No anchors, tags or merge keys: they would only hide what an entry says.

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};

/// The deepest nesting.
const MAX_DEPTH: usize = 16;

/// A value as it stands in the file.
#[derive(Clone, PartialEq)]
pub(super) enum Node {
    /// A text; `plain` if it stands there without quotes.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Mapping(Vec<(String, Node)>),
}

impl Node {
    /// Whether nothing stands there.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Node::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }
}

/// Reads a document. Complaints name the line, never what stands there.
pub(super) fn read(text: &str) -> Result<Node, String> {
    let mut events = Parser::new_from_str(text);
    let mut next = move || loop {
        let (event, span) = match events.next() {
            Some(found) => found.map_err(|error: ScanError| {
                format!("line {}: this is no YAML: {}", error.marker().line(), error.info())
            })?,
            None => return Err("the file ends too early".to_owned()),
        };
        if !matches!(event, Event::Nothing | Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd) {
            return Ok((owned(event, span.start.line())?, span.start.line()));
        }
    };
    let (first, line) = next()?;
    if matches!(first, Token::End) {
        return Ok(Node::Mapping(Vec::new()));
    }
    let node = value(first, line, &mut next, MAX_DEPTH)?;
    match next()? {
        (Token::End, _) => Ok(node),
        (_, line) => Err(format!("line {line}: one document is enough")),
    }
}

enum Token {
    Scalar(String, bool),
    List,
    EndOfList,
    Mapping,
    EndOfMapping,
    End,
}

fn owned(event: Event, line: usize) -> Result<Token, String> {
    let plainly = |anchor: usize, tagged: bool| {
        if anchor == 0 && !tagged { Ok(()) } else { Err(format!("line {line}: anchors and tags are not read here")) }
    };
    Ok(match event {
        Event::Scalar(text, style, anchor, tag) => {
            plainly(anchor, tag.is_some())?;
            Token::Scalar(text.into_owned(), style == ScalarStyle::Plain)
        }
        Event::SequenceStart(anchor, tag) => {
            plainly(anchor, tag.is_some())?;
            Token::List
        }
        Event::MappingStart(anchor, tag) => {
            plainly(anchor, tag.is_some())?;
            Token::Mapping
        }
        Event::SequenceEnd => Token::EndOfList,
        Event::MappingEnd => Token::EndOfMapping,
        Event::Alias(_) => return Err(format!("line {line}: aliases are not read here")),
        _ => Token::End,
    })
}

type Next<'a> = &'a mut dyn FnMut() -> Result<(Token, usize), String>;

fn value(token: Token, line: usize, next: Next, depth: usize) -> Result<Node, String> {
    if depth == 0 {
        return Err(format!("line {line}: nested too deep"));
    }
    match token {
        Token::Scalar(text, plain) => Ok(Node::Scalar { text, plain }),
        Token::List => {
            let mut list = Vec::new();
            loop {
                match next()? {
                    (Token::EndOfList, _) => return Ok(Node::List(list)),
                    (token, line) => list.push(value(token, line, next, depth - 1)?),
                }
            }
        }
        Token::Mapping => {
            let mut fields: Vec<(String, Node)> = Vec::new();
            loop {
                let (key, line) = match next()? {
                    (Token::EndOfMapping, _) => return Ok(Node::Mapping(fields)),
                    (Token::Scalar(key, _), line) => (key, line),
                    (_, line) => return Err(format!("line {line}: a key is a text")),
                };
                if fields.iter().any(|(known, _)| *known == key) {
                    return Err(format!("line {line}: this key is there twice"));
                }
                let (token, line) = next()?;
                let field = value(token, line, next, depth - 1)?;
                fields.push((key, field));
            }
        }
        Token::EndOfList | Token::EndOfMapping | Token::End => Err(format!("line {line}: a value is missing")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_keep_the_text_that_stands_in_the_file() {
        let node =
            read("rest:\nsms:\n  id: 0049\n  on: 'true'\n  list: [a, 1]\n").unwrap_or_else(|why| panic!("{why}"));
        let Node::Mapping(entries) = node else { panic!("no mapping") };
        assert!(entries[0].1.is_nothing());
        let Node::Mapping(fields) = &entries[1].1 else { panic!("no mapping") };
        assert!(matches!(&fields[0].1, Node::Scalar { text, plain: true } if text == "0049"));
        assert!(matches!(&fields[1].1, Node::Scalar { text, plain: false } if text == "true"));
        assert!(matches!(&fields[2].1, Node::List(items) if items.len() == 2));
        assert!(matches!(read(""), Ok(Node::Mapping(fields)) if fields.is_empty()));
    }

    #[test]
    fn what_hides_an_entrys_meaning_is_refused() {
        let deep = format!("a: {}{}", "[".repeat(40), "]".repeat(40));
        for text in
            ["a: &x 1\nb: *x", "a: !!str 1", "a: 1\na: 2", "a: [", "a: 1\n---\nb: 2", "{a: b", &deep, "? [a]\n: b"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
