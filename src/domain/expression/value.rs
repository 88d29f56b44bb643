//! Values: when they are true, how they compare, and what they are as numbers, as texts and in JSON.

use std::cmp::Ordering;

use serde_json::Value as Json;

/// What an expression works with and gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A whole number.
    Int(i64),
    /// A number with a fraction, infinite or not a number at all.
    Float(f64),
    /// A text.
    Text(String),
    /// `True` or `False`, which count as 1 and 0.
    Bool(bool),
    /// `None`.
    None,
}

/// A value that counts as a number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    pub(super) fn float(self) -> f64 {
        match self {
            // beyond 2^53 the nearest float, as in Python
            Number::Int(number) => number as f64,
            Number::Float(number) => number,
        }
    }
}

impl Value {
    /// Whether it counts as true: not 0, not the empty text, not `False`, not `None`.
    pub fn truthy(&self) -> bool {
        match self {
            Value::Int(number) => *number != 0,
            Value::Float(number) => *number != 0.0,
            Value::Text(text) => !text.is_empty(),
            Value::Bool(truth) => *truth,
            Value::None => false,
        }
    }

    /// The value in JSON; what is infinite or not a number becomes `null`.
    pub fn to_json(&self) -> Json {
        match self {
            Value::Int(number) => Json::from(*number),
            Value::Float(number) => Json::from(*number),
            Value::Text(text) => Json::from(text.as_str()),
            Value::Bool(truth) => Json::from(*truth),
            Value::None => Json::Null,
        }
    }

    /// The value of a variable as it stands in the pool; lists and objects, which no expression writes, are `None`.
    pub fn from_json(json: &Json) -> Self {
        match json {
            Json::Bool(truth) => Value::Bool(*truth),
            Json::String(text) => Value::Text(text.clone()),
            Json::Number(number) => {
                number.as_i64().map(Value::Int).or_else(|| number.as_f64().map(Value::Float)).unwrap_or(Value::None)
            }
            Json::Null | Json::Array(_) | Json::Object(_) => Value::None,
        }
    }

    pub(super) fn number(&self) -> Option<Number> {
        match self {
            Value::Int(number) => Some(Number::Int(*number)),
            Value::Float(number) => Some(Number::Float(*number)),
            Value::Bool(truth) => Some(Number::Int(i64::from(*truth))),
            Value::Text(_) | Value::None => None,
        }
    }

    /// What it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::Int(_) | Value::Float(_) => "a number",
            Value::Text(_) => "a text",
            Value::Bool(_) => "a truth value",
            Value::None => "None",
        }
    }

    /// `int()`: cut towards zero. What does not fit stays a float.
    pub(super) fn to_int(&self) -> Result<Value, String> {
        match self {
            Value::Text(text) => {
                let digits = ungrouped(text.trim(), 10);
                let digits = digits.filter(|digits| {
                    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
                    !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit())
                });
                let near = |digits: String| digits.parse().ok().map(Value::Float);
                let value = digits.and_then(|digits| digits.parse().map(Value::Int).ok().or_else(|| near(digits)));
                value.ok_or_else(|| "this text is not a whole number".to_owned())
            }
            other => match other.number() {
                Some(Number::Int(number)) => Ok(Value::Int(number)),
                Some(Number::Float(number)) if number.is_finite() => Ok(cut(number)),
                Some(Number::Float(number)) => Err(format!("{} is no whole number", float_text(number))),
                None => Err(format!("{} is not a number", other.kind())),
            },
        }
    }

    /// `float()`.
    pub(super) fn to_float(&self) -> Result<Value, String> {
        match self {
            Value::Text(text) => {
                let number = ungrouped(text.trim(), 10).and_then(|number| number.parse().ok());
                number.map(Value::Float).ok_or_else(|| "this text is not a number".to_owned())
            }
            other => match other.number() {
                Some(number) => Ok(Value::Float(number.float())),
                None => Err(format!("{} is not a number", other.kind())),
            },
        }
    }

    /// `str()`: as Python writes it.
    pub(super) fn to_text(&self) -> String {
        match self {
            Value::Int(number) => number.to_string(),
            Value::Float(number) => float_text(*number),
            Value::Text(text) => text.clone(),
            Value::Bool(true) => "True".into(),
            Value::Bool(false) => "False".into(),
            Value::None => "None".into(),
        }
    }

    /// `==`: numbers by what they count, texts by their characters; what is of different kinds is different.
    pub(super) fn equals(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Text(one), Value::Text(other)) => one == other,
            (Value::None, Value::None) => true,
            _ => self.order(other) == Some(Some(Ordering::Equal)),
        }
    }

    /// How the two stand to each other; none if they cannot be ordered, and inside none if one is not a number at all.
    pub(super) fn order(&self, other: &Value) -> Option<Option<Ordering>> {
        if let (Value::Text(one), Value::Text(other)) = (self, other) {
            return Some(Some(one.cmp(other)));
        }
        Some(match (self.number()?, other.number()?) {
            (Number::Int(one), Number::Int(other)) => Some(one.cmp(&other)),
            (Number::Float(one), Number::Float(other)) => one.partial_cmp(&other),
            (Number::Int(one), Number::Float(other)) => order_mixed(one, other),
            (Number::Float(one), Number::Int(other)) => order_mixed(other, one).map(Ordering::reverse),
        })
    }
}

/// Exactly, also where the whole number is no float: it is compared with the whole part, then the fraction decides.
fn order_mixed(whole: i64, float: f64) -> Option<Ordering> {
    match cut(float) {
        Value::Int(cut) => Some(whole.cmp(&cut).then(0.0.partial_cmp(&float.fract())?)),
        _ => 0.0.partial_cmp(&float),
    }
}

/// Cut towards zero; a float if it does not fit.
pub(super) fn cut(number: f64) -> Value {
    // 2^63 is the first that does not fit; below it nothing is lost
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&number) { Value::Int(number as i64) } else { Value::Float(number.trunc()) }
}

/// The number without the `_` between its digits; none if one stands elsewhere.
pub(super) fn ungrouped(number: &str, radix: u32) -> Option<String> {
    let bytes = number.as_bytes();
    let is_digit =
        |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(|byte| char::from(*byte).is_digit(radix));
    let mut marks = number.match_indices('_');
    marks.all(|(at, _)| is_digit(at.checked_sub(1)) && is_digit(Some(at + 1))).then(|| number.replace('_', ""))
}

/// A float as Python writes it: the fewest digits that lead back to it, with an exponent when it is far from 1.
pub(super) fn float_text(number: f64) -> String {
    if !number.is_finite() {
        return number.to_string().to_lowercase();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    let plain = number.to_string();
    if plain.contains('.') { plain } else { plain + ".0" }
}
