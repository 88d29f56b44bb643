//! Reading providers' bodies field by field, with errors as nested as the body is.

use serde_json::{Map, Value, json};

use crate::domain::Micros;

/// An object that is read, and what was wrong with it.
pub(super) struct Fields<'b> {
    object: Option<&'b Map<String, Value>>,
    errors: Map<String, Value>,
}

const REQUIRED: &str = "This field is required.";

impl<'b> Fields<'b> {
    pub(super) fn new(value: &'b Value) -> Self {
        let mut errors = Map::new();
        if !value.is_object() {
            errors.insert("non_field_errors".into(), json!(["Invalid data. Expected an object."]));
        }
        Self { object: value.as_object(), errors }
    }

    pub(super) fn get(&self, name: &str) -> Option<&'b Value> {
        self.object?.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn error(&mut self, name: &str, error: Value) {
        self.errors.insert(name.to_owned(), error);
    }

    fn required<T>(&mut self, name: &str, found: Option<T>) -> Option<T> {
        if found.is_none() && !self.errors.contains_key(name) {
            self.error(name, json!([REQUIRED]));
        }
        found
    }

    /// A whole number, also as text.
    pub(super) fn optional_integer(&mut self, name: &str) -> Option<i64> {
        let value = self.get(name)?;
        let number = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok());
        if number.is_none() {
            self.error(name, json!(["A valid integer is required."]));
        }
        number
    }

    pub(super) fn integer(&mut self, name: &str) -> Option<i64> {
        let found = self.optional_integer(name);
        self.required(name, found)
    }

    /// A text; numbers and booleans are taken as text, as the reference does.
    pub(super) fn optional_text(&mut self, name: &str) -> Option<String> {
        match self.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => {
                self.error(name, json!(["Not a valid string."]));
                None
            }
        }
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let found = self.optional_text(name);
        self.required(name, found)
    }

    /// An object inside, read by `read`; its errors nest.
    pub(super) fn optional_inner<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Fields<'b>) -> Option<T>,
    ) -> Option<T> {
        let mut inner = Fields::new(self.get(name)?);
        let found = read(&mut inner);
        match inner.errors() {
            Some(errors) => {
                self.error(name, errors);
                None
            }
            None => found,
        }
    }

    pub(super) fn inner<T>(&mut self, name: &str, read: impl FnOnce(&mut Fields<'b>) -> Option<T>) -> Option<T> {
        let found = self.optional_inner(name, read);
        self.required(name, found)
    }

    pub(super) fn errors(self) -> Option<Value> {
        (!self.errors.is_empty()).then_some(Value::Object(self.errors))
    }
}

/// A date as templates print it: `YYYY-MM-DD HH:MM:SS`, UTC.
pub(super) fn date(at: Micros) -> String {
    let moment = jiff::Timestamp::from_microsecond(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    moment.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `image/jpeg; x=y` → `image/jpeg`.
pub(super) fn mime(text: &str) -> String {
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
