//! Reading a JSON body field by field: typed values come out, complaints are collected in the contract's words
//! (contract, 1). Fields that nobody asks for are ignored.

use serde_json::{Map, Value};

use super::Micros;
use super::refusal::{FieldErrors, NON_FIELD};
use super::time;

/// `This field is required.`
pub const REQUIRED: &str = "This field is required.";
/// `This field may not be blank.`
pub const BLANK: &str = "This field may not be blank.";
/// `This field may not be null.`
pub const NULL: &str = "This field may not be null.";

/// What a text field accepts.
#[derive(Clone, Copy, Debug)]
pub struct TextRule {
    /// The most characters.
    pub max: usize,
    /// Whether the empty text (after trimming) is fine.
    pub blank: bool,
}

/// A body being read.
pub struct Form<'a> {
    body: &'a Map<String, Value>,
    /// What was complained of so far.
    pub errors: FieldErrors,
}

/// The body as an object, or the contract's complaint about anything else.
pub fn object(body: &Value) -> Result<&Map<String, Value>, FieldErrors> {
    body.as_object().ok_or_else(|| {
        let kind = python_type(body);
        FieldErrors::one(NON_FIELD, format!("Invalid data. Expected a dictionary, but got {kind}."))
    })
}

/// The names by which the recorded messages call the kinds of JSON.
fn python_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

impl<'a> Form<'a> {
    /// Reads `body`.
    pub fn new(body: &'a Map<String, Value>) -> Self {
        Self { body, errors: FieldErrors::new() }
    }

    /// Whether the field was sent at all.
    pub fn has(&self, field: &str) -> bool {
        self.body.contains_key(field)
    }

    /// The field's raw value.
    pub fn raw(&self, field: &str) -> Option<&'a Value> {
        self.body.get(field)
    }

    /// Complains about a field.
    pub fn complain(&mut self, field: &str, code: impl Into<String>) {
        self.errors.add(field, code);
    }

    /// A text, trimmed. Numbers are taken as text.
    pub fn text(&mut self, field: &str, rule: TextRule) -> Option<String> {
        let text = match self.body.get(field)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Null => {
                self.complain(field, NULL);
                return None;
            }
            _ => {
                self.complain(field, "Not a valid string.");
                return None;
            }
        };
        if text.contains('\0') {
            self.complain(field, "Null characters are not allowed.");
        } else if text.is_empty() && !rule.blank {
            self.complain(field, BLANK);
        } else if text.chars().count() > rule.max {
            self.complain(field, format!("Ensure this field has no more than {} characters.", rule.max));
        } else {
            return Some(text);
        }
        None
    }

    /// A whole number; texts of digits are taken, as the original does.
    pub fn integer(&mut self, field: &str) -> Option<i64> {
        let value = self.body.get(field)?;
        let number = match value {
            Value::Null => {
                self.complain(field, NULL);
                return None;
            }
            Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64())),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.complain(field, "A valid integer is required.");
        }
        number
    }

    /// A whole number of 32 bits: permission and notification bits.
    pub fn bits(&mut self, field: &str) -> Option<i32> {
        let number = self.integer(field)?;
        match i32::try_from(number) {
            Ok(bits) if bits >= 0 => Some(bits),
            Ok(_) => {
                self.complain(field, "Ensure this value is greater than or equal to 0.");
                None
            }
            Err(_) => {
                self.complain(field, "A valid integer is required.");
                None
            }
        }
    }

    /// `true` or `false`, in the spellings that the original takes.
    pub fn boolean(&mut self, field: &str) -> Option<bool> {
        let value = self.body.get(field)?;
        let truth = match value {
            Value::Bool(truth) => Some(*truth),
            Value::Number(number) if number.as_i64() == Some(1) => Some(true),
            Value::Number(number) if number.as_i64() == Some(0) => Some(false),
            Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
                "false" | "f" | "no" | "n" | "off" | "0" => Some(false),
                _ => None,
            },
            Value::Null => {
                self.complain(field, NULL);
                return None;
            }
            _ => None,
        };
        if truth.is_none() {
            self.complain(field, format!("\"{}\" is not a valid boolean.", plain(value)));
        }
        truth
    }

    /// One of a set of words.
    pub fn choice<T>(&mut self, field: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let value = self.body.get(field)?;
        if value.is_null() {
            self.complain(field, NULL);
            return None;
        }
        let chosen = value.as_str().and_then(parse);
        if chosen.is_none() {
            self.complain(field, format!("\"{}\" is not a valid choice.", plain(value)));
        }
        chosen
    }

    /// The id of something; `null` and absence are both `None`. Whether it exists is the caller's to check.
    pub fn id(&mut self, field: &str) -> Option<i64> {
        match self.body.get(field)? {
            Value::Null => None,
            Value::Number(number) if number.is_i64() => number.as_i64(),
            Value::String(text) if text.trim().parse::<i64>().is_ok() => text.trim().parse().ok(),
            other => {
                let kind = python_type(other);
                self.complain(field, format!("Incorrect type. Expected pk value, received {kind}."));
                None
            }
        }
    }

    /// Complains that the id stands for nothing.
    pub fn no_such(&mut self, field: &str, id: i64) {
        self.complain(field, no_such(id));
    }

    /// A list of ids.
    pub fn ids(&mut self, field: &str) -> Option<Vec<i64>> {
        let list = self.list(field)?;
        let ids: Option<Vec<i64>> = list.iter().map(|value| value.as_i64()).collect();
        if ids.is_none() {
            let odd = list.iter().find(|value| value.as_i64().is_none()).map_or("str", python_type);
            self.complain(field, format!("Incorrect type. Expected pk value, received {odd}."));
        }
        ids
    }

    /// A list of anything.
    pub fn list(&mut self, field: &str) -> Option<&'a Vec<Value>> {
        match self.body.get(field)? {
            Value::Array(list) => Some(list),
            Value::Null => {
                self.complain(field, NULL);
                None
            }
            other => {
                let kind = python_type(other);
                self.complain(field, format!("Expected a list of items but got type \"{kind}\"."));
                None
            }
        }
    }

    /// The code of a language (`es`, `pt-BR`); `null` and the empty text are none.
    pub fn language(&mut self, field: &str) -> Option<String> {
        let value = self.body.get(field).filter(|value| !value.is_null())?;
        let code = value.as_str().map(str::trim);
        match code {
            Some("") => None,
            Some(code) if is_language(code) => Some(code.to_owned()),
            _ => {
                self.complain(field, "Enter a valid language code, for example \"es\" or \"pt-BR\".");
                None
            }
        }
    }

    /// An instant with its zone; `null` is no complaint.
    pub fn instant(&mut self, field: &str) -> Option<Micros> {
        let value = self.body.get(field).filter(|value| !value.is_null())?;
        let instant = value.as_str().and_then(time::parse);
        if instant.is_none() {
            self.complain(
                field,
                "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].",
            );
        }
        instant
    }
}

/// The deepest JSON that is taken for `meta` and `options`: what goes in must be readable on its way out, inside of other objects.
pub const MAX_DEPTH: usize = 32;

/// Whether a value is nested deeper than [`MAX_DEPTH`].
pub fn too_deep(value: &Value) -> bool {
    fn deeper(value: &Value, left: usize) -> bool {
        match value {
            Value::Array(items) => left == 0 || items.iter().any(|item| deeper(item, left - 1)),
            Value::Object(fields) => left == 0 || fields.values().any(|field| deeper(field, left - 1)),
            _ => false,
        }
    }
    deeper(value, MAX_DEPTH)
}

/// The complaint about such a value.
pub const TOO_DEEP: &str = "Ensure this value is nested at most 32 levels deep.";

/// Whether a text has the form of a language's code: letters and digits in groups of at most eight, with hyphens (BCP 47).
pub fn is_language(code: &str) -> bool {
    let part = |part: &str| (1..=8).contains(&part.len()) && part.chars().all(|one| one.is_ascii_alphanumeric());
    let base = code.split('-').next().unwrap_or_default();
    code.len() <= 35
        && base.len() >= 2
        && base.chars().all(|one| one.is_ascii_alphabetic())
        && code.split('-').all(part)
}

/// `Invalid pk "9" - object does not exist.`
pub fn no_such(id: i64) -> String {
    format!("Invalid pk \"{id}\" - object does not exist.")
}

/// A float that is a whole number within the range in which floats are exact.
fn whole(float: Option<f64>) -> Option<i64> {
    let float = float?;
    // the bound makes the conversion exact, so nothing is cut off
    (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64)
}

/// A value as it stands in a complaint: texts without quotes.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn complaint(body: Value, read: impl Fn(&mut Form)) -> Value {
        let body = body.as_object().expect("an object").clone();
        let mut form = Form::new(&body);
        read(&mut form);
        serde_json::to_value(form.errors).expect("errors are JSON")
    }

    type Read = fn(&mut Form);

    #[rustfmt::skip]
    const ROWS: [(&str, Read, &str); 12] = [
        (r#""""#, |f| { f.text("f", TextRule { max: 9, blank: false }); }, BLANK),
        ("null", |f| { f.text("f", TextRule { max: 9, blank: true }); }, NULL),
        ("[1]", |f| { f.text("f", TextRule { max: 9, blank: true }); }, "Not a valid string."),
        (r#""four""#, |f| { f.text("f", TextRule { max: 3, blank: true }); }, "Ensure this field has no more than 3 characters."),
        (r#""x""#, |f| { f.integer("f"); }, "A valid integer is required."),
        ("1.5", |f| { f.integer("f"); }, "A valid integer is required."),
        ("-1", |f| { f.bits("f"); }, "Ensure this value is greater than or equal to 0."),
        (r#""weird""#, |f| { f.choice("f", super::super::Mode::parse); }, "\"weird\" is not a valid choice."),
        (r#""maybe""#, |f| { f.boolean("f"); }, "\"maybe\" is not a valid boolean."),
        (r#""a""#, |f| { f.id("f"); }, "Incorrect type. Expected pk value, received str."),
        (r#""a""#, |f| { f.list("f"); }, "Expected a list of items but got type \"str\"."),
        (r#"["a"]"#, |f| { f.ids("f"); }, "Incorrect type. Expected pk value, received str."),
    ];

    #[test]
    fn complaints_have_the_contracts_words() {
        for (value, read, words) in ROWS {
            let value: Value = serde_json::from_str(value).expect("JSON");
            assert_eq!(complaint(json!({"f": value}), read), json!({"f": [words]}), "{value}");
        }
    }

    #[test]
    fn a_body_that_is_no_object_is_named() {
        let error = object(&json!([1, 2])).expect_err("a list is no object");
        assert_eq!(
            serde_json::to_value(error).expect("errors are JSON"),
            json!({"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]})
        );
    }
}
