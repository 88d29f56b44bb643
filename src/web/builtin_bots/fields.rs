//! Fields of the bots' REST API: what is read of a body, and complaints as its clients know them (bots contract, 2).

use serde_json::{Map, Value, json};

use crate::web::error::ApiError;

/// Reads an object field by field, and collects what is wrong: field → list of messages, nested as the body is.
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    errors: Map<String, Value>,
    partial: bool,
}

impl<'a> Fields<'a> {
    /// Of a body whose fields may be left out when it is `partial`.
    pub(super) fn new(object: &'a Map<String, Value>, partial: bool) -> Self {
        Self { object, errors: Map::new(), partial }
    }

    /// What was given, whatever it is.
    pub(super) fn raw(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name)
    }

    /// Adds a complaint.
    pub(super) fn complain(&mut self, name: &str, message: impl Into<String>) {
        let list = self.errors.entry(name.to_owned()).or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut() {
            list.push(Value::String(message.into()));
        }
    }

    /// Puts what is wrong inside of an object.
    pub(super) fn nest(&mut self, name: &str, errors: Value) {
        let empty = errors.as_object().is_some_and(Map::is_empty) || errors.is_null();
        if !empty {
            self.errors.insert(name.to_owned(), errors);
        }
    }

    fn missing(&mut self, name: &str, required: bool) {
        if required && !self.partial {
            self.complain(name, "This field is required.");
        }
    }

    /// A text, trimmed. An empty one is refused.
    pub(super) fn text(&mut self, name: &str, max: usize, required: bool) -> Option<String> {
        let text = self.any_text(name, max, required)?;
        if text.is_empty() {
            self.complain(name, "This field may not be blank.");
            return None;
        }
        Some(text)
    }

    /// A text, trimmed, which may be empty.
    pub(super) fn any_text(&mut self, name: &str, max: usize, required: bool) -> Option<String> {
        let text = match self.object.get(name) {
            None => {
                self.missing(name, required);
                return None;
            }
            Some(Value::Null) => {
                self.complain(name, "This field may not be null.");
                return None;
            }
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            Some(_) => {
                self.complain(name, "Not a valid string.");
                return None;
            }
        };
        if text.chars().count() > max {
            self.complain(name, format!("Ensure this field has no more than {max} characters."));
            return None;
        }
        Some(text)
    }

    /// A boolean in one of its spellings.
    pub(super) fn truth(&mut self, name: &str, required: bool) -> Option<bool> {
        let read = match self.object.get(name) {
            None => {
                self.missing(name, required);
                return None;
            }
            Some(Value::Bool(truth)) => Some(*truth),
            Some(Value::Number(number)) => match number.as_i64() {
                Some(1) => Some(true),
                Some(0) => Some(false),
                _ => None,
            },
            Some(Value::String(text)) => match text.as_str() {
                "true" | "True" | "TRUE" | "t" | "T" | "1" => Some(true),
                "false" | "False" | "FALSE" | "f" | "F" | "0" => Some(false),
                _ => None,
            },
            Some(_) => None,
        };
        if read.is_none() {
            self.complain(name, "Must be a valid boolean.");
        }
        read
    }

    /// A whole number of 64 bits; a text of digits is one too, as forms send it.
    pub(super) fn integer(&mut self, name: &str, required: bool) -> Option<i64> {
        let read = match self.object.get(name) {
            None => {
                self.missing(name, required);
                return None;
            }
            Some(Value::Number(number)) => number.as_i64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(_) => None,
        };
        if read.is_none() {
            self.complain(name, "A valid integer is required.");
        }
        read
    }

    /// An object.
    pub(super) fn object(&mut self, name: &str, required: bool) -> Option<&'a Map<String, Value>> {
        match self.object.get(name) {
            None => {
                self.missing(name, required);
                None
            }
            Some(Value::Object(object)) => Some(object),
            Some(Value::Null) => {
                self.complain(name, "This field may not be null.");
                None
            }
            Some(_) => {
                self.nest(name, json!({"non_field_errors": ["Invalid data. Expected a dictionary."]}));
                None
            }
        }
    }

    /// `{"name": …}`: the name.
    pub(super) fn named(&mut self, name: &str, required: bool) -> Option<String> {
        let object = self.object(name, required)?;
        let mut inner = Fields::new(object, false);
        let found = inner.text("name", super::MAX_STATE, true);
        let errors = inner.into_errors();
        self.nest(name, errors);
        found
    }

    /// What is wrong, as JSON; an empty object when nothing is.
    pub(super) fn into_errors(self) -> Value {
        Value::Object(self.errors)
    }

    /// An error if anything is wrong.
    pub(super) fn check(self) -> Result<(), ApiError> {
        if self.errors.is_empty() { Ok(()) } else { Err(ApiError::body_of_fields(Value::Object(self.errors))) }
    }
}

/// One complaint about one field.
pub(super) fn complaint(name: &str, message: &str) -> ApiError {
    ApiError::body_of_fields(json!({ name: [message] }))
}
