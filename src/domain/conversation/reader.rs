//! Reading the payload of an event field by field: what is wrong is noted under its path, in the contract's codes (18).

use serde_json::{Map, Value};

use super::super::form::too_deep;

/// Reads the fields of one object and notes what is wrong, by path.
pub(super) struct Reader {
    /// Where the object is.
    pub(super) path: String,
    /// What is wrong, by path.
    pub(super) found: Vec<(String, &'static str)>,
}

impl Reader {
    /// Notes what is wrong at a path.
    pub(super) fn note<T>(&mut self, field: String, code: &'static str) -> Option<T> {
        self.found.push((field, code));
        None
    }

    /// Notes what is wrong with a field of the object being read.
    pub(super) fn wrong<T>(&mut self, field: &str, code: &'static str) -> Option<T> {
        let path = format!("{}.{field}", self.path);
        self.note(path, code)
    }

    /// A key that must be there.
    pub(super) fn needed<'a>(&mut self, from: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
        given(from, key).or_else(|| self.wrong(key, "missing"))
    }

    /// A text of at most `max` characters that must be there.
    pub(super) fn text(&mut self, from: &Map<String, Value>, key: &str, max: usize) -> Option<String> {
        self.needed(from, key)?;
        self.maybe_text(from, key, max)
    }

    /// The same, if it is there.
    pub(super) fn maybe_text(&mut self, from: &Map<String, Value>, key: &str, max: usize) -> Option<String> {
        match given(from, key)?.as_str() {
            None => self.wrong(key, "wrong_type"),
            Some(text) if text.trim().is_empty() => self.wrong(key, "empty"),
            Some(text) if text.chars().count() > max => self.wrong(key, "too_long"),
            Some(text) => Some(text.to_owned()),
        }
    }

    /// A text of any form; what is wrong with it is a matter of phase 3.
    pub(super) fn any_text(&mut self, from: &Map<String, Value>, key: &str) -> Option<String> {
        match given(from, key)?.as_str() {
            None => self.wrong(key, "wrong_type"),
            Some(text) => Some(text.to_owned()),
        }
    }

    /// An http(s) address that must be there.
    pub(super) fn url(&mut self, from: &Map<String, Value>, key: &str) -> Option<String> {
        match self.needed(from, key)?.as_str() {
            None => self.wrong(key, "wrong_type"),
            Some(link) if is_url(link) => Some(link.to_owned()),
            Some(_) => self.wrong(key, "not_a_url"),
        }
    }

    /// `true` or `false`, if it is there.
    pub(super) fn boolean(&mut self, from: &Map<String, Value>, key: &str) -> Option<bool> {
        given(from, key)?.as_bool().or_else(|| self.wrong(key, "wrong_type"))
    }

    /// A whole number, if it is there.
    pub(super) fn integer(&mut self, from: &Map<String, Value>, key: &str) -> Option<i64> {
        let value = given(from, key)?;
        match whole(value) {
            Some(number) => Some(number),
            // a number that no id can be
            None if value.is_u64() => self.wrong(key, "out_of_range"),
            None => self.wrong(key, "wrong_type"),
        }
    }

    /// One of a set of words, if it is there.
    pub(super) fn word(
        &mut self,
        from: &Map<String, Value>,
        key: &str,
        words: &[&'static str],
    ) -> Option<&'static str> {
        match given(from, key)?.as_str() {
            None => self.wrong(key, "wrong_type"),
            Some(word) => words.iter().find(|one| **one == word).copied().or_else(|| self.wrong(key, "unknown_value")),
        }
    }

    /// An object, if it is there.
    pub(super) fn object(&mut self, from: &Map<String, Value>, key: &str) -> Option<Map<String, Value>> {
        match given(from, key)? {
            // deeper than the house can store
            value @ Value::Object(_) if too_deep(value) => self.wrong(key, "out_of_range"),
            Value::Object(object) => Some(object.clone()),
            _ => self.wrong(key, "wrong_type"),
        }
    }

    /// A list of between one and `max` that must be there.
    pub(super) fn list<'a>(&mut self, from: &'a Map<String, Value>, key: &str, max: usize) -> Option<&'a Vec<Value>> {
        match self.needed(from, key)? {
            Value::Array(list) if list.is_empty() => self.wrong(key, "too_few"),
            Value::Array(list) if list.len() > max => self.wrong(key, "too_many"),
            Value::Array(list) => Some(list),
            _ => self.wrong(key, "wrong_type"),
        }
    }

    /// Reads each object of such a list; what is wrong in it is noted by its place.
    pub(super) fn each<T>(
        &mut self,
        from: &Map<String, Value>,
        (key, max): (&str, usize),
        mut read: impl FnMut(&mut Reader, &Map<String, Value>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let list = self.list(from, key, max)?;
        let outer = self.path.clone();
        let mut all = Vec::with_capacity(list.len());
        for (at, item) in list.iter().enumerate() {
            self.path = format!("{outer}.{key}[{at}]");
            match item {
                Value::Object(item) => all.extend(read(self, item)),
                _ => all.extend(self.note::<T>(self.path.clone(), "wrong_type")),
            }
        }
        self.path = outer;
        (all.len() == list.len()).then_some(all)
    }
}

/// A key's value; `null` is as good as nothing.
pub(super) fn given<'a>(from: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    from.get(key).filter(|value| !value.is_null())
}

/// A whole number; `8.0` is one.
pub(super) fn whole(value: &Value) -> Option<i64> {
    let exact = |float: &f64| float.fract() == 0.0 && float.abs() < 9e15;
    // the bound makes the conversion exact, so nothing is cut off
    value.as_i64().or_else(|| value.as_f64().filter(exact).map(|float| float as i64))
}

/// Whether a text is an absolute http(s) address.
pub(super) fn is_url(text: &str) -> bool {
    let scheme = |prefix: &str| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    let start = if scheme("https://") {
        8
    } else if scheme("http://") {
        7
    } else {
        return false;
    };
    let odd = |one: char| one.is_whitespace() || one.is_control() || "\\<>\"`{}|^".contains(one);
    let rest = &text[start..];
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = match place.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((host, after)) => (host, after.strip_prefix(':').or(after.is_empty().then_some("80"))),
        None => place.split_once(':').map_or((place, Some("80")), |(host, port)| (host, Some(port))),
    };
    !host.is_empty() && port.is_some_and(|port| port.parse::<u16>().is_ok()) && !text.contains(odd)
}

/// Whether a page can go there: an address, or a path of its own site. A browser reads a backslash as a slash, so `/\` leads
/// away just as `//` does.
pub(super) fn is_way(text: &str) -> bool {
    let odd = |one: char| one.is_whitespace() || one.is_control() || one == '\\';
    is_url(text) || (text.starts_with('/') && !text.starts_with("//") && !text.contains(odd))
}
