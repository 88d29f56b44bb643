//! `credentials.yml` (channels contract, 2.2): one entry for each connector, its keys checked one by one.
//!
//! What is wrong is said with the names of entry and key and never with the value. Secrets are [`Secret`]s: they show
//! themselves to nobody, in no log and no debug output.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use subtle::ConstantTimeEq;

use super::yaml::{self, Node};
use crate::config;
use crate::domain::AccountId;

/// A secret text.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Whether somebody presented this very secret; how long the look takes says nothing.
    pub fn is(&self, presented: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(presented).into()
    }

    /// The secret itself, for keys and headers.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("(secret)")
    }
}

/// What every entry may say.
#[derive(Clone, Debug)]
pub struct Common {
    /// Whether texts are cut at empty lines.
    pub split_paragraphs: bool,
    /// Larger calls are refused, in bytes.
    pub max_body: usize,
    /// How long one call to somebody else may take.
    pub timeout: Duration,
    /// Whether it may start without the secret that verifies calls.
    pub insecure: bool,
    /// The bots that are in new conversations.
    pub bots: Vec<AccountId>,
    /// The widget whose routing decides who answers.
    pub widget: Option<i64>,
    /// Where every call of this entry goes instead of the provider's own host.
    pub api_base: Option<String>,
    /// Whether it is shown that a bot works on its answer.
    pub typing: bool,
    /// Whether messages are marked read at the provider.
    pub mark_read: bool,
    /// From where media may be fetched with our credentials.
    pub media_hosts: Vec<String>,
}

/// One entry whose keys are being taken out. What is left in the end is unknown.
#[derive(Clone)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Which connector it is.
    pub channel: String,
    /// The bot's account, once it was looked up.
    pub bots: Vec<AccountId>,
    fields: HashMap<String, Node>,
}

/// Default of `max_body`.
const MAX_BODY: usize = 1_048_576;
/// The most entries.
const MAX_ENTRIES: usize = 500;

/// Reads the file's text. `variable` gives the value of a variable of the environment.
pub fn read(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Entry>, Vec<String>> {
    let one = |why: String| vec![why];
    let Node::Mapping(entries) = yaml::read(text).map_err(one)? else {
        return Err(one("the file is a mapping: one entry for each channel".to_owned()));
    };
    if entries.len() > MAX_ENTRIES {
        return Err(one(format!("more than {MAX_ENTRIES} entries")));
    }
    let (mut read, mut complaints) = (Vec::new(), Vec::new());
    for (name, node) in entries {
        match entry(&name, node, variable) {
            Ok(entry) => read.push(entry),
            Err(why) => complaints.push(format!("{}: {why}", shown(&name))),
        }
    }
    if complaints.is_empty() { Ok(read) } else { Err(complaints) }
}

/// A name as it is shown: what is no name may be a secret in the wrong place.
fn shown(name: &str) -> &str {
    if is_name(name) { name } else { "(an entry)" }
}

fn is_name(name: &str) -> bool {
    let rest = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    name.len() <= 40 && name.starts_with(|first: char| first.is_ascii_lowercase()) && name.bytes().all(rest)
}

fn entry(name: &str, node: Node, variable: &dyn Fn(&str) -> Option<String>) -> Result<Entry, String> {
    if !is_name(name) {
        return Err("a name is a small letter and up to 39 small letters, digits, _ and -".to_owned());
    }
    let fields = match node {
        Node::Mapping(fields) => fields,
        node if node.is_nothing() => Vec::new(),
        _ => return Err("an entry is a mapping of keys, or empty".to_owned()),
    };
    let mut known = HashMap::new();
    for (key, node) in fields {
        let node = replaced(node, variable).map_err(|why| format!("{key}: {why}"))?;
        known.insert(key, node);
    }
    let mut entry = Entry { name: name.to_owned(), channel: String::new(), bots: Vec::new(), fields: known };
    entry.channel = entry.text("channel")?.unwrap_or_else(|| name.to_owned());
    Ok(entry)
}

/// Puts the environment's values in the place of `${NAME}`.
fn replaced(node: Node, variable: &dyn Fn(&str) -> Option<String>) -> Result<Node, String> {
    Ok(match node {
        Node::Scalar { text, .. } if text.contains("${") => {
            let (mut made, mut rest) = (String::new(), text.as_str());
            while let Some((before, after)) = rest.split_once("${") {
                let (name, after) = after.split_once('}').ok_or("a ${ without its }")?;
                let value = variable(name).ok_or_else(|| format!("the environment has no {name}"))?;
                made = made + before + &value;
                rest = after;
            }
            // a value of the environment is a text, whatever it looks like
            Node::Scalar { text: made + rest, plain: false }
        }
        Node::List(items) => Node::List(items.into_iter().map(|it| replaced(it, variable)).collect::<Result<_, _>>()?),
        Node::Mapping(fields) => {
            let each = fields.into_iter().map(|(key, it)| Ok((key, replaced(it, variable)?)));
            Node::Mapping(each.collect::<Result<_, String>>()?)
        }
        scalar @ Node::Scalar { .. } => scalar,
    })
}

fn is_truth(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// Whether a plain text is what YAML reads as a date.
fn is_date(text: &str) -> bool {
    let day = text.get(..10).is_some_and(|day| {
        day.bytes().enumerate().all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() })
    });
    day && text.get(10..).is_some_and(|rest| rest.is_empty() || rest.starts_with(['T', 't', ' ']))
}

fn scalar(node: Node) -> Result<String, String> {
    match node {
        Node::Scalar { text, plain } => {
            let is_other = plain && (is_truth(&text).is_some() || is_date(&text));
            if is_other { Err("a text is expected; write it in quotes".to_owned()) } else { Ok(text) }
        }
        _ => Err("a text is expected".to_owned()),
    }
}

impl Entry {
    fn take<T>(&mut self, key: &str, read: impl FnOnce(Node) -> Result<T, String>) -> Result<Option<T>, String> {
        match self.fields.remove(key) {
            Some(node) if !node.is_nothing() => read(node).map(Some).map_err(|why| format!("{key}: {why}")),
            _ => Ok(None),
        }
    }

    /// A text; an empty one is none.
    pub fn text(&mut self, key: &str) -> Result<Option<String>, String> {
        Ok(self.take(key, scalar)?.filter(|text| !text.is_empty()))
    }

    /// What stands under `bot`: an account's number, address or name.
    pub(super) fn bot(&self) -> Result<Option<String>, String> {
        match self.fields.get("bot") {
            Some(node) => scalar(node.clone()).map(Some).map_err(|why| format!("bot: {why}")),
            None => Ok(None),
        }
    }

    /// Whether this says the same as another.
    pub(super) fn is_same(&self, other: &Entry) -> bool {
        self.channel == other.channel && self.bots == other.bots && self.fields == other.fields
    }

    /// A text that must be there.
    pub fn required(&mut self, key: &str) -> Result<String, String> {
        self.text(key)?.ok_or_else(|| format!("{key}: this key is missing"))
    }

    /// A secret; an empty one is none.
    pub fn secret(&mut self, key: &str) -> Result<Option<Secret>, String> {
        Ok(self.text(key)?.map(Secret))
    }

    /// `true` or `false`.
    pub fn truth(&mut self, key: &str) -> Result<Option<bool>, String> {
        self.take(key, |node| match node {
            Node::Scalar { text, .. } => is_truth(&text).ok_or_else(|| "write true or false".to_owned()),
            _ => Err("write true or false".to_owned()),
        })
    }

    /// A span of time, such as `15s`.
    pub fn span(&mut self, key: &str) -> Result<Option<Duration>, String> {
        self.take(key, |node| config::span(&scalar(node)?))
    }

    /// A whole number, which may be written with `_`.
    pub fn number(&mut self, key: &str) -> Result<Option<u64>, String> {
        let read = |node| scalar(node)?.replace('_', "").parse().map_err(|_| "write a whole number".to_owned());
        self.take(key, read)
    }

    /// A list of texts.
    pub fn list(&mut self, key: &str) -> Result<Option<Vec<String>>, String> {
        self.take(key, |node| match node {
            Node::List(items) => items.into_iter().map(scalar).collect(),
            _ => Err("a list of texts is expected".to_owned()),
        })
    }

    /// A mapping of texts, in order.
    pub fn mapping(&mut self, key: &str) -> Result<Option<Vec<(String, String)>>, String> {
        self.take(key, |node| match node {
            Node::Mapping(fields) => fields.into_iter().map(|(key, node)| Ok((key, scalar(node)?))).collect(),
            _ => Err("a mapping of texts is expected".to_owned()),
        })
    }

    /// The keys that every entry may have.
    pub fn common(&mut self) -> Result<Common, String> {
        let max_body = self.number("max_body")?.map_or(Ok(MAX_BODY), usize::try_from);
        let widget = self.number("widget")?.map(i64::try_from).transpose();
        Ok(Common {
            split_paragraphs: self.truth("split_paragraphs")?.unwrap_or(true),
            max_body: max_body.map_err(|_| "max_body: too large".to_owned())?.max(1),
            timeout: self.span("timeout")?.unwrap_or(Duration::from_secs(15)),
            insecure: self.truth("insecure")?.unwrap_or(false),
            bots: self.text("bot")?.map(|_| self.bots.clone()).unwrap_or_default(),
            widget: widget.map_err(|_| "widget: too large".to_owned())?,
            api_base: self.text("api_base")?,
            typing: self.truth("typing")?.unwrap_or(true),
            mark_read: self.truth("mark_read")?.unwrap_or(true),
            media_hosts: self.list("media_hosts")?.unwrap_or_default(),
        })
    }

    /// Complains of keys that nobody took.
    pub fn finish(self) -> Result<(), String> {
        let mut left: Vec<&String> = self.fields.keys().collect();
        left.sort();
        match left.first() {
            Some(key) => Err(format!("{key}: there is no such key")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str) -> Option<String> {
        (name == "TOKEN").then(|| "hidden".to_owned())
    }

    fn only(text: &str) -> Result<Entry, String> {
        let read = read(text, &variable).map_err(|all| all.join("\n"))?;
        Ok(read.into_iter().next().expect("an entry"))
    }

    #[test]
    fn values_are_taken_as_their_text() {
        let mut entry =
            only("rest:\n  a: 0123\n  b: ${TOKEN}-x\n  c: [1, two]\n  d: true\n  e: 15s\n  f: 1_000\n  g: ''")
                .unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(entry.text("a"), Ok(Some("0123".to_owned())));
        let secret = entry.secret("b").expect("read").expect("there");
        assert!(secret.is(b"hidden-x") && !secret.is(b"hidden-X"));
        assert_eq!(format!("{secret:?}"), "(secret)");
        assert_eq!(entry.list("c"), Ok(Some(vec!["1".to_owned(), "two".to_owned()])));
        assert_eq!(entry.truth("d"), Ok(Some(true)));
        assert_eq!(entry.span("e"), Ok(Some(Duration::from_secs(15))));
        assert_eq!(entry.number("f"), Ok(Some(1_000)));
        assert_eq!(entry.secret("g"), Ok(None), "an empty secret is a missing one");
        assert!(entry.finish().is_ok());
    }

    #[test]
    fn complaints_name_entry_and_key_and_never_the_value() {
        for (text, key) in
            [("rest: {a: yes-sir, k: true}", "k"), ("rest: {k: 2026-11-26}", "k"), ("rest: {k: [1]}", "k")]
        {
            let why = only(text).expect("read").text(key).expect_err("refused");
            assert!(why.starts_with("k: ") && !why.contains("2026"), "{why}");
        }
        let why = only("rest: {k: '${NOBODY}'}").err().expect("refused");
        assert!(why.contains("rest: k: ") && why.contains("NOBODY"), "{why}");
        let why = only("rest: {zz: secretive}").expect("read").finish().expect_err("refused");
        assert!(why.contains("zz") && !why.contains("secretive"), "{why}");
        for text in ["Rest: {}", "rest: 7", "rest: {k: '${X'}", "[1]", "7"] {
            assert!(read(text, &variable).is_err(), "{text}");
        }
        assert!(only("rest:").expect("read").required("url").expect_err("missing").contains("url"));
    }
}
