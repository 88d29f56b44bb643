//! What a body says of a handler, a response, a request (bots contract, 3.5 and 3.6).

use serde_json::{Map, Value, json};

use super::checks;
use super::fields::Fields;
use super::stamp;
use crate::bots::Bots;
use crate::domain::Micros;
use crate::domain::bot::document::{Parameter, Request, Response};
use crate::domain::bot::pattern::Pattern;
use crate::domain::bot::settings::{Action, Extras};

/// The longest name.
const MAX_NAME: usize = 100;
/// The longest template (B21).
pub(super) const MAX_TEMPLATE: usize = 16 << 10;
/// The longest URL template and parameter.
const MAX_VALUE: usize = 4_096;
/// The longest key of a parameter.
const MAX_KEY: usize = 255;
const METHODS: [&str; 5] = ["Get", "Post", "Put", "Patch", "Delete"];

/// A part that may be taken away.
#[derive(Debug, Default)]
pub(super) enum Given<T> {
    /// Nothing was said.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// Something.
    Some(T),
}

/// What was said of a response.
#[derive(Debug, Default)]
pub(super) struct ResponseForm {
    text: Option<String>,
    keyboard: Given<String>,
    extras: Option<Extras>,
}

impl ResponseForm {
    /// Reads it, and checks its templates.
    pub(super) fn read(bots: &Bots, object: &Map<String, Value>, partial: bool) -> (Self, Value) {
        let mut fields = Fields::new(object, partial);
        let text = template(&mut fields, "text_template", true);
        let keyboard = match object.get("keyboard_template") {
            None => Given::Absent,
            Some(Value::Null) => Given::Null,
            Some(_) => match fields.any_text("keyboard_template", MAX_TEMPLATE, false) {
                Some(_) => Given::Some(source(object, "keyboard_template")),
                None => Given::Absent,
            },
        };
        for message in text.iter().flat_map(|text| checks::text(text)) {
            fields.complain("text_template", message);
        }
        if let Given::Some(keyboard) = &keyboard {
            for message in checks::keyboard(bots, keyboard) {
                fields.complain("keyboard_template", message);
            }
        }
        let extras = settings(&mut fields, "extras");
        (Self { text, keyboard, extras }, fields.into_errors())
    }

    /// Changes a response as it says.
    pub(super) fn apply(self, response: &mut Response) {
        if let Some(text) = self.text {
            response.text_template = text;
        }
        match self.keyboard {
            Given::Absent => {}
            Given::Null => response.keyboard_template = None,
            Given::Some(keyboard) => response.keyboard_template = Some(keyboard),
        }
        if let Some(extras) = self.extras {
            response.extras = extras;
        }
    }
}

/// The text as it was sent: spaces around a template may matter to it.
fn source(object: &Map<String, Value>, name: &str) -> String {
    object.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn template(fields: &mut Fields, name: &str, required: bool) -> Option<String> {
    let trimmed = fields.text(name, MAX_TEMPLATE, required)?;
    Some(trimmed)
}

/// A structure of the house's own, which complains for itself.
fn settings<T: serde::de::DeserializeOwned>(fields: &mut Fields, name: &str) -> Option<T> {
    match fields.raw(name).map(|value| serde_json::from_value(value.clone())) {
        Some(Ok(read)) => Some(read),
        Some(Err(error)) => {
            fields.complain(name, error.to_string());
            None
        }
        None => None,
    }
}

/// What was said of a request.
#[derive(Debug, Default)]
pub(super) struct RequestForm {
    url: Option<String>,
    method: Option<String>,
    data: Option<Option<Value>>,
    url_parameters: Option<Vec<(String, String)>>,
    header_parameters: Option<Vec<(String, String)>>,
}

impl RequestForm {
    fn read(object: &Map<String, Value>, partial: bool) -> (Self, Value) {
        let mut fields = Fields::new(object, partial);
        let url = fields.text("url_template", MAX_VALUE, true);
        for message in url.iter().flat_map(|url| checks::plain(url)) {
            fields.complain("url_template", message);
        }
        let method = fields.text("method", MAX_KEY, false);
        if let Some(method) = &method
            && !METHODS.contains(&method.as_str())
        {
            fields.complain("method", format!("\"{method}\" is not a valid choice."));
        }
        let data = object.get("data").map(|data| data_of(data.clone()));
        for message in data.iter().flatten().flat_map(checks::data) {
            fields.complain("data", message);
        }
        let url_parameters = parameters(&mut fields, "url_parameters");
        let header_parameters = parameters(&mut fields, "header_parameters");
        let form = Self { url, method, data, url_parameters, header_parameters };
        (form, fields.into_errors())
    }

    /// Changes a request as it says; parameters are matched by their key (B23).
    fn apply(self, request: &mut Request, now: Micros) {
        if let Some(url) = self.url {
            request.url_template = url;
        }
        if let Some(method) = self.method {
            request.method = method;
        }
        if let Some(data) = self.data {
            request.data = data;
        }
        for (given, kept) in [
            (self.url_parameters, &mut request.url_parameters),
            (self.header_parameters, &mut request.header_parameters),
        ] {
            for (key, value) in given.into_iter().flatten() {
                match kept.iter_mut().find(|one| one.key == key) {
                    Some(one) => (one.value_template, one.stamp.updated_at) = (value, now),
                    None => kept.push(Parameter { stamp: stamp(now), key, value_template: value }),
                }
            }
        }
        request.stamp.updated_at = now;
    }

    fn lacks_url(&self) -> bool {
        self.url.is_none()
    }
}

/// Data is kept as the JSON that it is (B26), also when it comes as a text with JSON in it.
fn data_of(data: Value) -> Option<Value> {
    match data {
        Value::Null => None,
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) => Some(serde_json::from_str(&text).unwrap_or(Value::String(text))),
        other => Some(other),
    }
}

/// `[{key, value_template}, …]`
fn parameters(fields: &mut Fields, name: &str) -> Option<Vec<(String, String)>> {
    let list = match fields.raw(name)? {
        Value::Array(list) => list,
        _ => {
            fields.complain(name, "Expected a list of items.");
            return None;
        }
    };
    let (mut read, mut errors, mut wrong) = (Vec::new(), Vec::new(), false);
    for one in list {
        let empty = Map::new();
        let (parameter, complaints) = parameter(one.as_object().unwrap_or(&empty));
        wrong |= complaints != json!({});
        errors.push(complaints);
        read.push(parameter);
    }
    if wrong {
        fields.nest(name, Value::Array(errors));
    }
    Some(read)
}

/// One parameter, and what is wrong with it.
pub(super) fn parameter(object: &Map<String, Value>) -> ((String, String), Value) {
    let mut fields = Fields::new(object, false);
    let key = fields.text("key", MAX_KEY, true).unwrap_or_default();
    let value = fields.text("value_template", MAX_VALUE, true).unwrap_or_default();
    for message in checks::plain(&value) {
        fields.complain("value_template", message);
    }
    ((key, value), fields.into_errors())
}

/// What was said of a handler.
#[derive(Debug, Default)]
pub(super) struct HandlerForm {
    pub(super) name: Option<String>,
    pub(super) pattern: Option<String>,
    pub(super) enabled: Option<bool>,
    pub(super) priority: Option<i64>,
    pub(super) response: ResponseForm,
    pub(super) request: Given<RequestForm>,
    pub(super) target: Given<String>,
    pub(super) sources: Option<Vec<String>>,
    pub(super) global: Option<bool>,
    pub(super) action: Option<Action>,
}

impl HandlerForm {
    /// Reads it, and checks its pattern and templates.
    pub(super) fn read(bots: &Bots, object: &Map<String, Value>, partial: bool) -> (Self, Value) {
        let mut fields = Fields::new(object, partial);
        let name = fields.text("name", MAX_NAME, true);
        let pattern = fields.text("pattern", crate::domain::bot::pattern::MAX_PATTERN, true);
        if let Some(Err(message)) = pattern.as_deref().map(Pattern::compile) {
            fields.complain("pattern", message);
        }
        let mut form = Self { name, pattern, ..Self::default() };
        form.enabled = fields.truth("enabled", false);
        form.priority = fields.integer("priority", false);
        form.global = fields.truth("global", false);
        form.action = settings(&mut fields, "action");
        if let Some(response) = fields.object("response", true) {
            let (read, errors) = ResponseForm::read(bots, response, partial);
            form.response = read;
            fields.nest("response", errors);
        }
        match fields.raw("request") {
            None => {}
            Some(Value::Null) => form.request = Given::Null,
            Some(_) => {
                if let Some(request) = fields.object("request", false) {
                    let (read, errors) = RequestForm::read(request, partial);
                    form.request = Given::Some(read);
                    fields.nest("request", errors);
                }
            }
        }
        match fields.raw("target_state") {
            None => {}
            Some(Value::Null) => form.target = Given::Null,
            Some(_) => {
                if let Some(target) = fields.named("target_state", false) {
                    form.target = Given::Some(target);
                }
            }
        }
        form.sources = sources(&mut fields);
        (form, fields.into_errors())
    }

    /// What is wrong with making a request out of nothing: its URL is missing.
    pub(super) fn lacks_url(&self) -> bool {
        matches!(&self.request, Given::Some(request) if request.lacks_url())
    }
}

/// Names of states, or objects with names.
fn sources(fields: &mut Fields) -> Option<Vec<String>> {
    let list = match fields.raw("source_states")? {
        Value::Array(list) => list,
        _ => {
            fields.complain("source_states", "Expected a list of items.");
            return None;
        }
    };
    let name = |one: &Value| {
        let name = one.as_str().or_else(|| one.get("name").and_then(Value::as_str)).map(str::trim).unwrap_or_default();
        Some(name.to_owned()).filter(|name| !name.is_empty() && name.chars().count() <= super::MAX_STATE)
    };
    let names: Option<Vec<String>> = list.iter().map(name).collect();
    if names.is_none() {
        fields.complain("source_states", "Each is a name of a state, or an object with a name.");
    }
    names
}

/// Changes the request of a handler as it says.
pub(super) fn apply_request(given: Given<RequestForm>, request: &mut Option<Request>, now: Micros) {
    match given {
        Given::Absent => {}
        Given::Null => *request = None,
        Given::Some(form) => {
            let fresh = || Request { stamp: stamp(now), method: "Get".into(), ..Request::default() };
            form.apply(request.get_or_insert_with(fresh), now);
        }
    }
}
