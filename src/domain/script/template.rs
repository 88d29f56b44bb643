//! Variables in the texts of questions: `{{ user.first_name }}`, `{{ vars.score }}`, `{{ answers.7 }}`, or the bare name
//! of a variable, each with filters behind it (`{{ vars.score | round(1) }}`). Nothing else: no loops, no conditions, so
//! rendering costs no more than the text is long.
//!
//! [`check`] judges a text before its schema goes out. At run time nothing fails: what is unknown is empty, and what is
//! no placeholder stays as it stands. What is put in is escaped when texts leave the house escaped, since the text around
//! it is the house's own and is not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::super::text;
use super::super::{Account, expression};

/// Placeholders of one text at most.
pub const MAX_PLACEHOLDERS: usize = 50;
/// The longest value that is put in, in characters; the rest is cut off.
pub const MAX_VALUE: usize = 1_000;
/// Questions whose answers one schema may mention.
pub const MAX_MENTIONED: usize = 100;

/// The fields of `user`.
const USER: [&str; 5] = ["first_name", "last_name", "full_name", "email", "language"];

/// What texts may speak of.
#[derive(Clone, Copy, Debug)]
pub struct Speaker<'a> {
    /// Whom the script talks to.
    pub user: Option<&'a Account>,
    /// What they answered, by `qid`, as it leaves the house.
    pub answers: &'a BTreeMap<i64, String>,
    /// The language they are spoken to in.
    pub language: Option<&'a str>,
    /// Whether what is put in is escaped.
    pub escape: bool,
}

/// No answers.
static NOTHING: BTreeMap<i64, String> = BTreeMap::new();

impl Speaker<'_> {
    /// Somebody of whom nothing is known.
    pub const NOBODY: Speaker<'static> = Speaker { user: None, answers: &NOTHING, language: None, escape: false };
}

#[derive(Debug, PartialEq)]
enum Source {
    User(String),
    Variable(String),
    Answer(i64),
}

#[derive(Debug, PartialEq)]
enum Filter {
    Default(String),
    Upper,
    Lower,
    Capitalize,
    Round(usize),
}

struct Placeholder {
    source: Source,
    filters: Vec<Filter>,
}

/// A piece of a text.
enum Piece<'a> {
    Plain(&'a str),
    /// What stands between the braces, and the whole with its braces.
    Braced(&'a str, &'a str),
    /// Braces that are never closed.
    Open(&'a str),
}

fn pieces(source: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = source;
    while let Some((plain, after)) = rest.split_once("{{") {
        pieces.push(Piece::Plain(plain));
        let Some((inside, behind)) = after.split_once("}}") else {
            // the braces themselves belong to what is shown
            pieces.push(Piece::Open(rest.get(plain.len()..).unwrap_or_default()));
            return pieces;
        };
        let whole = rest.get(plain.len()..rest.len() - behind.len()).unwrap_or_default();
        pieces.push(Piece::Braced(inside, whole));
        rest = behind;
    }
    pieces.push(Piece::Plain(rest));
    pieces
}

fn parse(inside: &str) -> Result<Placeholder, String> {
    let mut parts = split_filters(inside)?.into_iter();
    let path = parts.next().unwrap_or_default();
    let source = source(path.trim())?;
    let filters = parts.map(|part| filter(part.trim())).collect::<Result<_, _>>()?;
    Ok(Placeholder { source, filters })
}

/// Splits at `|` outside of quotes.
fn split_filters(inside: &str) -> Result<Vec<String>, String> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    for character in inside.chars() {
        match (quote, character) {
            (None, '|') => {
                parts.push(String::new());
                continue;
            }
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(character);
        }
    }
    if quote.is_some() { Err(format!("`{}`: a quote is not closed", inside.trim())) } else { Ok(parts) }
}

fn source(path: &str) -> Result<Source, String> {
    let Some((root, field)) = path.split_once('.') else {
        if expression::is_plain_name(path) {
            return Ok(Source::Variable(path.to_owned()));
        }
        return Err(format!("`{path}` is not a name; write user.…, vars.… or answers.<qid>"));
    };
    match root {
        "user" if USER.contains(&field) => Ok(Source::User(field.to_owned())),
        "user" => Err(format!("`{path}`: user has {}", USER.join(", "))),
        "vars" if expression::is_plain_name(field) => Ok(Source::Variable(field.to_owned())),
        "vars" => Err(format!("`{path}`: `{field}` is not the name of a variable")),
        "answers" => field.parse().map(Source::Answer).map_err(|_| format!("`{path}`: a qid is a number")),
        _ => Err(format!("`{path}`: there is only user, vars and answers")),
    }
}

fn filter(call: &str) -> Result<Filter, String> {
    let (name, argument) = match call.split_once('(') {
        Some((name, rest)) => {
            let inside = rest.strip_suffix(')').ok_or_else(|| format!("`{call}`: a bracket is not closed"))?;
            (name.trim(), Some(inside.trim()))
        }
        None => (call, None),
    };
    let unquoted = |text: &str| {
        let inner = |quote| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        inner('"').or_else(|| inner('\'')).map(str::to_owned)
    };
    match (name, argument) {
        ("default", Some(text)) => {
            unquoted(text).map(Filter::Default).ok_or_else(|| format!("`{call}`: default takes a text in quotes"))
        }
        ("round", None) => Ok(Filter::Round(0)),
        ("round", Some(places)) => match places.parse() {
            Ok(places) if places <= 9 => Ok(Filter::Round(places)),
            _ => Err(format!("`{call}`: round takes a number from 0 to 9")),
        },
        ("upper", None) => Ok(Filter::Upper),
        ("lower", None) => Ok(Filter::Lower),
        ("capitalize", None) => Ok(Filter::Capitalize),
        _ => Err(format!("`{call}`: the filters are default(\"…\"), round(n), upper, lower, capitalize")),
    }
}

/// Everything that is wrong with a text, in the words of whoever wrote it. `has_qid` says which questions there are.
pub fn check(source: &str, has_qid: &dyn Fn(i64) -> bool) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut count = 0;
    for piece in pieces(source) {
        match piece {
            Piece::Plain(_) => {}
            Piece::Open(_) => wrong.push("`{{` is not closed by `}}`".to_owned()),
            Piece::Braced(inside, _) => {
                count += 1;
                match parse(inside) {
                    Ok(Placeholder { source: Source::Answer(qid), .. }) if !has_qid(qid) => {
                        wrong.push(format!("`answers.{qid}`: there is no question with this qid"));
                    }
                    Ok(_) => {}
                    Err(why) => wrong.push(why),
                }
            }
        }
    }
    if count > MAX_PLACEHOLDERS {
        wrong.push(format!("a text may have {MAX_PLACEHOLDERS} placeholders, not {count}"));
    }
    wrong
}

/// The questions whose answers a text mentions, by `qid`.
pub fn mentioned(source: &str) -> BTreeSet<i64> {
    let answers = pieces(source).into_iter().filter_map(|piece| match piece {
        Piece::Braced(inside, _) => match parse(inside).ok()?.source {
            Source::Answer(qid) => Some(qid),
            _ => None,
        },
        _ => None,
    });
    answers.take(MAX_PLACEHOLDERS).collect()
}

/// The text as it is said.
pub fn render(source: &str, speaker: &Speaker<'_>, variables: &Map<String, Value>) -> String {
    if !source.contains("{{") {
        return source.to_owned();
    }
    let mut said = String::with_capacity(source.len());
    for (number, piece) in pieces(source).into_iter().enumerate() {
        match piece {
            Piece::Plain(text) | Piece::Open(text) => said.push_str(text),
            // each placeholder stands between two plain pieces
            Piece::Braced(_, whole) if number > 2 * MAX_PLACEHOLDERS => said.push_str(whole),
            Piece::Braced(inside, whole) => match parse(inside) {
                Ok(placeholder) => said.push_str(&fill(&placeholder, speaker, variables)),
                Err(_) => said.push_str(whole),
            },
        }
    }
    said
}

fn fill(placeholder: &Placeholder, speaker: &Speaker<'_>, variables: &Map<String, Value>) -> String {
    let mut value = match &placeholder.source {
        Source::User(field) => speaker.user.map(|user| of_user(user, field)).unwrap_or_default(),
        Source::Variable(name) => variables.get(name).map(written).unwrap_or_default(),
        Source::Answer(qid) => speaker.answers.get(qid).cloned().unwrap_or_default(),
    };
    for filter in &placeholder.filters {
        value = match filter {
            Filter::Default(text) if value.is_empty() => text.clone(),
            Filter::Default(_) => value,
            Filter::Upper => value.to_uppercase(),
            Filter::Lower => value.to_lowercase(),
            Filter::Capitalize => capitalized(&value),
            Filter::Round(places) => match value.parse::<f64>() {
                Ok(number) => format!("{number:.places$}"),
                Err(_) => value,
            },
        };
    }
    let value: String = value.chars().take(MAX_VALUE).collect();
    // answers come as they leave the house
    let is_escaped = matches!(placeholder.source, Source::Answer(_));
    if speaker.escape && !is_escaped { text::escape(&value).into_owned() } else { value }
}

fn of_user(user: &Account, field: &str) -> String {
    match field {
        "first_name" => user.first_name.clone(),
        "last_name" => user.last_name.clone(),
        "full_name" => user.full_name(),
        "email" => user.email.clone().unwrap_or_default(),
        "language" => user.language.clone().unwrap_or_default(),
        _ => String::new(),
    }
}

/// A variable as people write it: whole numbers without a fraction.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => format!("{float:.0}"),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::domain::Role;

    fn said(source: &str) -> String {
        let user = Account {
            id: 1,
            email: None,
            first_name: "Ann <b>".into(),
            last_name: "Lee".into(),
            role: Role::Member,
            avatar: None,
            language: None,
        };
        let answers = BTreeMap::from([(7, "Tea &amp; milk".to_owned())]);
        let speaker = Speaker { user: Some(&user), answers: &answers, language: None, escape: true };
        let variables = json!({"score": 25.0, "share": 0.3333, "word": "yes"});
        render(source, &speaker, variables.as_object().expect("an object"))
    }

    #[test]
    fn placeholders_are_filled_and_the_rest_stays() {
        let table = [
            ("Hello {{ user.first_name }}!", "Hello Ann &lt;b&gt;!"),
            ("{{user.full_name}} & co", "Ann &lt;b&gt; Lee & co"),
            ("{{ vars.score }} of {{score}}", "25 of 25"),
            ("{{ vars.share | round(2) }}", "0.33"),
            ("You said {{ answers.7 }}.", "You said Tea &amp; milk."),
            ("{{ vars.nothing }}|{{ vars.nothing | default(\"none | yet\") }}", "|none | yet"),
            ("{{ word | upper }} {{ word|capitalize }}", "YES Yes"),
            ("{{ user.password }} {{ 1 + 1 }} {{", "{{ user.password }} {{ 1 + 1 }} {{"),
            ("a } b { c", "a } b { c"),
        ];
        for (source, expected) in table {
            assert_eq!(said(source), expected, "{source}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_before_it_goes_out() {
        let table = [
            ("{{ user.first_name }} {{ vars.x | round(1) }} {{ answers.7 }}", ""),
            ("{{ user.shoe }}", "`user.shoe`: user has first_name, last_name, full_name, email, language"),
            ("{{ answers.8 }}", "`answers.8`: there is no question with this qid"),
            ("{{ answers.x }}", "`answers.x`: a qid is a number"),
            ("{{ other.x }}", "`other.x`: there is only user, vars and answers"),
            ("{{ open", "`{{` is not closed by `}}`"),
            ("{{ x | shout }}", "`shout`: the filters are default(\"…\"), round(n), upper, lower, capitalize"),
            ("{{ x | default('a }}", "`x | default('a`: a quote is not closed"),
        ];
        for (source, expected) in table {
            assert_eq!(check(source, &|qid| qid == 7).join("; "), expected, "{source}");
        }
        assert_eq!(check(&"{{ x }}".repeat(51), &|_| true).len(), 1);
        assert_eq!(mentioned("{{ answers.7 }} {{ answers.2 | upper }} {{ x }}"), BTreeSet::from([2, 7]));
    }

    proptest! {
        #[test]
        fn no_text_is_lost_and_none_fails(source in "[a-z{}|.()' ]{0,80}") {
            let rendered = said(&source);
            prop_assert!(source.contains("{{") || rendered == source);
            let _ = check(&source, &|_| false);
        }
    }
}
