//! Compares what the server said with what was recorded, by the rules of the recordings.

use super::{
    Value,
    stand_ins::{Kind, StandIns},
};

/// One difference: where, what was expected, what came.
pub struct Difference {
    pub at: String,
    pub expected: String,
    pub actual: String,
}

/// A comparison under way.
pub struct Comparison<'a> {
    stand_ins: &'a mut StandIns,
    /// Error bodies: the texts are the deployment's own, unless they are codes, and no other field may be named.
    is_refusal: bool,
    differences: Vec<Difference>,
}

impl Comparison<'_> {
    /// All differences between an answer or frame and what was recorded of it.
    pub fn of(stand_ins: &mut StandIns, expected: &Value, actual: &Value, is_refusal: bool) -> Vec<Difference> {
        let mut comparison = Comparison { stand_ins, is_refusal, differences: Vec::new() };
        comparison.compare("", expected, actual);
        comparison.differences
    }

    fn differs(&mut self, at: &str, expected: impl ToString, actual: &Value) {
        let (at, expected, actual) = (at.to_owned(), shorten(&expected.to_string()), shorten(&actual.to_string()));
        self.differences.push(Difference { at, expected, actual });
    }

    fn compare(&mut self, at: &str, expected: &Value, actual: &Value) {
        match (expected, actual) {
            (Value::Object(_), Value::Object(_)) => self.compare_objects(at, expected, actual),
            (Value::Array(_), Value::Array(_)) => self.compare_lists(at, expected, actual),
            (Value::String(text), _) => self.compare_text(at, text, actual),
            (Value::Number(left), Value::Number(right)) if left.as_f64() == right.as_f64() => {}
            _ if expected == actual => {}
            _ => self.differs(at, expected, actual),
        }
    }

    /// Keys may be added, but none may be missing; a refusal names the same fields and no others.
    fn compare_objects(&mut self, at: &str, expected: &Value, actual: &Value) {
        let (Some(wanted), Some(given)) = (expected.as_object(), actual.as_object()) else { return };
        for (name, value) in wanted {
            let here = format!("{at}/{name}");
            match given.get(name) {
                None if value == "<absent>" => {}
                Some(other) if value == "<absent>" => self.differs(&here, "(nothing)", other),
                Some(other) => self.compare(&here, value, other),
                None => self.differs(&here, value, &Value::from("(missing)")),
            }
        }
        if self.is_refusal && !wanted.contains_key("detail") {
            for name in given.keys().filter(|name| !wanted.contains_key(*name)) {
                self.differs(&format!("{at}/{name}"), "(no complaint)", &given[name]);
            }
        }
    }

    fn compare_lists(&mut self, at: &str, expected: &Value, actual: &Value) {
        let (Some(wanted), Some(given)) = (expected.as_array(), actual.as_array()) else { return };
        if self.is_refusal && wanted.iter().any(|text| text.is_string() && !is_code(text)) {
            if given.is_empty() || !given.iter().all(Value::is_string) {
                self.differs(at, "a list with a sentence", actual);
            }
            return;
        }
        if wanted.len() != given.len() {
            self.differs(at, format!("{} items: {expected}", wanted.len()), actual);
        }
        for (index, (value, other)) in wanted.iter().zip(given).enumerate() {
            self.compare(&format!("{at}/{index}"), value, other);
        }
    }

    fn compare_text(&mut self, at: &str, expected: &str, actual: &Value) {
        let complaint = match StandIns::kind(expected) {
            // what somebody wrote is theirs, also when it is a date
            Kind::Date(_) if at.ends_with("/text") => self.is_text(at, expected, actual),
            Kind::Anything => Ok(()),
            Kind::Id => self.stand_ins.is_id(expected, actual),
            Kind::Time(step) => self.stand_ins.is_time(step, actual, at.ends_with("thread_data/updated")),
            Kind::Date(moment) => match StandIns::kind(actual.as_str().unwrap_or_default()) {
                Kind::Date(other) if other == moment && actual.as_str().is_some_and(|text| text.ends_with('Z')) => {
                    Ok(())
                }
                _ => Err(format!("{expected}, in UTC")),
            },
            Kind::Text => self.is_text(at, expected, actual),
        };
        if let Err(expected) = complaint {
            self.differs(at, expected, actual);
        }
    }

    fn is_text(&self, at: &str, expected: &str, actual: &Value) -> Result<(), String> {
        let parser = "JSON parse error - ";
        let right = match actual.as_str() {
            Some(_) if at.ends_with("/avatar") => true,
            Some(text) if expected.starts_with(parser) => text.starts_with(parser),
            Some(text) => text == self.stand_ins.fill_text(expected),
            None => false,
        };
        if right { Ok(()) } else { Err(format!("{expected:?}")) }
    }
}

fn is_code(text: &Value) -> bool {
    let text = text.as_str().unwrap_or_default();
    text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= 400 { text.to_owned() } else { text.chars().take(400).chain("…".chars()).collect() }
}
