//! The stand-ins of the recordings: `<user:alice>`, `<thread:1>`, `<t:12>` … and what they stand for in this run.

use std::collections::{BTreeMap, HashMap};

use super::Value;

/// What is known so far.
pub struct StandIns {
    /// Token → the id of this run.
    ids: HashMap<String, i64>,
    /// Step → the earliest and latest time stamp that carried its name, in microseconds.
    times: BTreeMap<i64, (i64, i64)>,
    origin: String,
}

/// What a text of the recording is, seen whole.
pub enum Kind {
    /// `<thread:1>`: an id.
    Id,
    /// `<t:12>`: the time of a step.
    Time(i64),
    /// A date written out.
    Date(i64),
    /// Anything may stand here.
    Anything,
    /// Itself, with stand-ins inside perhaps.
    Text,
}

impl StandIns {
    pub fn new(origin: &str) -> StandIns {
        StandIns { ids: HashMap::new(), times: BTreeMap::new(), origin: origin.to_owned() }
    }

    /// From now on `token` is `id`.
    pub fn bind(&mut self, token: &str, id: i64) {
        self.ids.insert(token.to_owned(), id);
    }

    pub fn kind(text: &str) -> Kind {
        let inner = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
        match inner.filter(|inner| !inner.contains(['<', '>', ' '])) {
            Some("any") => Kind::Anything,
            Some(inner) if inner.contains(':') => match inner.split_once(':') {
                Some(("t", step)) => Kind::Time(step.parse().expect("a step")),
                _ => Kind::Id,
            },
            _ => microseconds(text).map_or(Kind::Text, Kind::Date),
        }
    }

    /// Compares an id, or learns it when the stand-in is new; a complaint when it is another.
    pub fn is_id(&mut self, token: &str, actual: &Value) -> Result<(), String> {
        let Some(actual) = actual.as_i64() else { return Err(format!("{token}, an id")) };
        if let Some(known) = self.known(token) {
            return if known == actual { Ok(()) } else { Err(format!("{token} = {known}")) };
        }
        let family = format!("{}:", token.split(':').next().unwrap_or_default());
        let taken = self.ids.iter().find(|(other, id)| **id == actual && other.starts_with(&family));
        match taken {
            Some((other, _)) => Err(format!("{token}, a new id, and not that of {other}")),
            None => {
                self.bind(token, actual);
                Ok(())
            }
        }
    }

    /// The id that a stand-in means; those of 999 and more never existed.
    fn known(&self, token: &str) -> Option<i64> {
        let number = token.trim_end_matches('>').rsplit(':').next().and_then(|number| number.parse::<i64>().ok());
        self.ids.get(token).copied().or(match number {
            Some(number) if number >= 999 => Some(number),
            _ => None,
        })
    }

    /// A time stamp of step `step` fits between those of the steps before and after it.
    ///
    /// `or_newer`: the recording may be one save behind here, so anything from then on is right.
    pub fn is_time(&mut self, step: i64, actual: &Value, or_newer: bool) -> Result<(), String> {
        let moment = actual.as_str().filter(|text| text.ends_with('Z')).and_then(microseconds);
        let Some(moment) = moment else { return Err(format!("the time of step {step}, ending in Z")) };
        let own = self.times.get(&step).map(|(from, _)| *from).filter(|_| or_newer);
        let floor = self.times.range(..step).map(|(_, (_, to))| *to).chain(own).max();
        let ceiling = self.times.range(step + 1..).map(|(_, (from, _))| *from).min();
        if floor.is_some_and(|floor| moment < floor) {
            return Err(format!("the time of step {step}, not before that of an earlier step"));
        }
        if or_newer {
            return Ok(());
        }
        if ceiling.is_some_and(|ceiling| moment > ceiling) {
            return Err(format!("the time of step {step}, not after that of a later step"));
        }
        let (from, to) = self.times.entry(step).or_insert((moment, moment));
        (*from, *to) = ((*from).min(moment), (*to).max(moment));
        Ok(())
    }

    /// A text with its stand-ins put in.
    pub fn fill_text(&self, text: &str) -> String {
        let mut filled = text.replace("<origin>", &self.origin);
        for (token, id) in &self.ids {
            filled = filled.replace(token, &id.to_string());
        }
        for token in tokens(&filled) {
            if let Some(id) = self.known(&token) {
                filled = filled.replace(&token, &id.to_string());
            }
        }
        filled
    }

    /// A body with its stand-ins put in: whole texts become numbers.
    pub fn fill(&self, value: &Value) -> Value {
        match value {
            Value::String(text) if matches!(StandIns::kind(text), Kind::Id) => {
                self.known(text).unwrap_or_else(|| panic!("{text} was never seen")).into()
            }
            Value::String(text) => self.fill_text(text).into(),
            Value::Array(list) => list.iter().map(|item| self.fill(item)).collect(),
            Value::Object(map) => map.iter().map(|(name, item)| (name.clone(), self.fill(item))).collect(),
            other => other.clone(),
        }
    }
}

fn tokens(text: &str) -> Vec<String> {
    let pieces = text.split('<').skip(1).filter_map(|piece| piece.split_once('>'));
    pieces.filter(|(inner, _)| inner.contains(':')).map(|(inner, _)| format!("<{inner}>")).collect()
}

/// A date-time written out, as microseconds.
fn microseconds(text: &str) -> Option<i64> {
    let digits = text.as_bytes();
    let dated = digits.len() >= 20 && digits[..4].iter().all(u8::is_ascii_digit) && digits[10] == b'T';
    if !dated {
        return None;
    }
    text.parse::<jiff::Timestamp>().ok().map(|moment| moment.as_microsecond())
}
