//! Filters and methods beyond the engine's own, and bounds on those that could return much more than they are given.

use minijinja::value::{Kwargs, Rest, Value as Item, ValueKind};
use minijinja::{Environment, Error, ErrorKind, FormatStyle, State, format_filter};
use minijinja_contrib::{filters as contrib, pycompat};

use super::MAX_OUTPUT;
use crate::domain::Micros;
use crate::domain::bot::{html, keyboard};

/// What a text may grow to in one step, in bytes.
const MAX_STEP: usize = MAX_OUTPUT;

/// Filters that are ours or the contributed ones; the engine's own are named in [`names`](super::names).
pub(super) const NAMES: &[&str] = &["q", "random", "wordcount", "truncate", "striptags", "filesizeformat", "pluralize"];

/// Methods of texts, objects and lists.
pub(super) const METHODS: &[&str] = &[
    "capitalize",
    "count",
    "endswith",
    "find",
    "format",
    "get",
    "isalnum",
    "isalpha",
    "isascii",
    "isdigit",
    "islower",
    "isnumeric",
    "isspace",
    "isupper",
    "items",
    "join",
    "keys",
    "lower",
    "lstrip",
    "replace",
    "rfind",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "title",
    "upper",
    "values",
];

fn too_much(what: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("{what}: the result is too large"))
}

fn bounded(what: &str, size: Option<usize>) -> Result<(), Error> {
    size.filter(|size| *size <= MAX_STEP).map(|_| ()).ok_or_else(|| too_much(what))
}

pub(super) fn add(environment: &mut Environment<'_>, moment: Micros) {
    environment.add_filter("replace", |text: String, from: String, to: String| replace(&text, &from, &to));
    environment.add_filter("join", join);
    environment.add_filter("format", |format: String, arguments: Rest<Item>| {
        bounded_format(FormatStyle::Printf, &format, &arguments)
    });
    environment.add_filter("indent", indent);
    environment.add_filter("escape", escape);
    environment.add_filter("e", escape);
    environment.add_filter("q", |value: Item| {
        keyboard::quote(&if value.is_undefined() { String::new() } else { value.to_string() })
    });
    environment.add_filter("random", move |value: Item| random(&value, moment));
    environment.add_filter("wordcount", |text: String| text.split_whitespace().count());
    environment.add_filter("truncate", truncate);
    environment.add_filter("striptags", contrib::striptags);
    environment.add_filter("filesizeformat", contrib::filesizeformat);
    environment.add_filter("pluralize", contrib::pluralize);
}

/// Python's methods, the growing ones with bounds.
pub(super) fn method(state: &State, value: &Item, name: &str, arguments: &[Item]) -> Result<Item, Error> {
    match (name, value.as_str(), arguments) {
        ("replace", Some(text), [from, to, ..]) => {
            let (Some(from), Some(to)) = (from.as_str(), to.as_str()) else {
                return Err(Error::new(ErrorKind::InvalidOperation, "replace takes texts"));
            };
            if arguments.len() > 2 {
                let grown = text.len().checked_mul(to.len().max(1));
                bounded("replace", grown)?;
                return pycompat::unknown_method_callback(state, value, name, arguments);
            }
            replace(text, from, to).map(Item::from)
        }
        ("join", Some(separator), [parts]) => {
            bounded("join", joined_size(parts, separator))?;
            pycompat::unknown_method_callback(state, value, name, arguments)
        }
        ("format", Some(text), _) => bounded_format(FormatStyle::StrFormat, text, arguments).map(Item::from),
        _ => pycompat::unknown_method_callback(state, value, name, arguments),
    }
}

fn replace(text: &str, from: &str, to: &str) -> Result<String, Error> {
    let found = if from.is_empty() { text.chars().count() + 1 } else { text.matches(from).count() };
    let size = found.checked_mul(to.len()).and_then(|grown| grown.checked_add(text.len()));
    bounded("replace", size)?;
    Ok(text.replace(from, to))
}

/// How long the parts are together; none if that is beyond counting.
fn joined_size(parts: &Item, separator: &str) -> Option<usize> {
    let mut size = 0_usize;
    for part in parts.try_iter().ok()? {
        let length = part.as_str().map_or_else(|| part.to_string().len(), str::len);
        size = size.checked_add(length)?.checked_add(separator.len())?;
        if size > MAX_STEP.checked_mul(2)? {
            return None;
        }
    }
    Some(size.saturating_sub(separator.len()))
}

fn join(state: &State, value: Item, separator: Option<String>, attribute: Option<Item>) -> Result<Item, Error> {
    // an attribute of each, as in Jinja
    let value = match attribute {
        Some(attribute) => {
            state.apply_filter("map", &[value, Item::from(Kwargs::from_iter([("attribute", attribute)]))])?
        }
        None => value,
    };
    if value.is_undefined() || value.is_none() {
        return Ok(Item::from(""));
    }
    let separator = separator.unwrap_or_default();
    bounded("join", joined_size(&value, &separator))?;
    let parts: Vec<String> = value.try_iter()?.map(|part| part.to_string()).collect();
    Ok(Item::from(parts.join(&separator)))
}

fn bounded_format(style: FormatStyle, format: &str, arguments: &[Item]) -> Result<String, Error> {
    let mut digits = 0;
    let mut longest = 0;
    for char in format.chars() {
        digits = if char.is_ascii_digit() { digits + 1 } else { 0 };
        longest = longest.max(digits);
    }
    let wide = arguments.iter().filter_map(|argument| i64::try_from(argument.clone()).ok()).any(|n| n.abs() > 9_999);
    let nested = format.contains('*') || format.contains("{}}") || format.contains(":{");
    let given: usize = arguments.iter().map(|argument| argument.as_str().map_or(64, str::len)).sum();
    let holes = format.matches(['%', '{']).count();
    if longest > 4 || nested && wide {
        return Err(too_much("format"));
    }
    bounded("format", holes.checked_mul(given).and_then(|grown| grown.checked_add(format.len())))?;
    let text = format_filter(style, format, arguments)?;
    bounded("format", Some(text.len())).map(|()| text)
}

fn indent(text: String, width: Option<usize>, first: Option<bool>, blank: Option<bool>) -> Result<String, Error> {
    let width = width.unwrap_or(4);
    let lines = text.matches('\n').count() + 1;
    bounded("indent", lines.checked_mul(width).and_then(|grown| grown.checked_add(text.len())))?;
    let (first, blank) = (first.unwrap_or(false), blank.unwrap_or(false));
    let indented = text.split('\n').enumerate().map(|(at, line)| {
        let here = if at == 0 { first } else { blank || !line.trim().is_empty() };
        if here { format!("{}{line}", " ".repeat(width)) } else { line.to_owned() }
    });
    Ok(indented.collect::<Vec<_>>().join("\n"))
}

fn escape(value: Item) -> Item {
    if value.is_safe() || value.is_undefined() {
        return value;
    }
    Item::from_safe_string(html::escape(&value.to_string()))
}

/// One of the members; the moment is the dice, since the rules have none.
fn random(value: &Item, moment: Micros) -> Result<Item, Error> {
    let members: Vec<Item> = match value.as_str() {
        Some(text) => text.chars().map(Item::from).collect(),
        None => value.try_iter()?.collect(),
    };
    let mixed = moment.unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
    let at = usize::try_from(mixed).unwrap_or_default().checked_rem(members.len()).unwrap_or_default();
    Ok(members.get(at).cloned().unwrap_or(Item::UNDEFINED))
}

fn truncate(
    value: Item,
    length: Option<usize>,
    kill: Option<bool>,
    end: Option<String>,
    more: Kwargs,
) -> Result<Item, Error> {
    if matches!(value.kind(), ValueKind::None | ValueKind::Undefined) {
        return Ok(Item::from(""));
    }
    let length = match length {
        Some(length) => length,
        None => more.get::<Option<usize>>("length")?.unwrap_or(255),
    };
    let kill = kill.or(more.get::<Option<bool>>("killwords")?).unwrap_or(false);
    let end = end.or(more.get::<Option<String>>("end")?).unwrap_or_else(|| "...".into());
    let leeway = more.get::<Option<usize>>("leeway")?.unwrap_or(5);
    more.assert_all_used()?;
    let text = value.to_string();
    if text.chars().count() <= length.saturating_add(leeway) {
        return Ok(Item::from(text));
    }
    let kept: String = text.chars().take(length.saturating_sub(end.chars().count())).collect();
    let kept = if kill { kept.as_str() } else { kept.rsplit_once(' ').map_or(kept.as_str(), |(words, _)| words) };
    Ok(Item::from(format!("{kept}{end}")))
}
