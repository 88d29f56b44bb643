//! The call to the owner's app (bots contract, 5.2): described here, made elsewhere.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::context::build;
use super::variables::number;
use super::{Chat, Facts, Selection, Snapshot, StepError};
use crate::domain::bot::document::Request;
use crate::domain::bot::template::{Escape, Job, RenderError};

/// Texts in the data of one call at most.
const MAX_STRINGS: usize = 500;

/// What a call is to be. The client refuses addresses, follows redirects and bounds time as the contract says (B52, B54, B55).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RequestPlan {
    /// The handler's id; with the bot and the message's id it makes the `Idempotency-Key` (B55).
    pub handler: String,
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    /// Where to, with the query.
    pub url: String,
    /// Headers of the owner's; to be dropped when a redirect changes the host.
    pub headers: Vec<(String, String)>,
    /// The body; its `Content-Type` stands in `headers`.
    pub body: Option<String>,
    /// Set when the call must not be made: the word of `response.error` (B53).
    pub refused: Option<String>,
}

/// What the app answered (5.1 step 7, B53).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AppResponse {
    /// The status; 0 when there was no answer.
    pub status: u16,
    /// The parsed body; `{}` if it is no JSON.
    pub data: Value,
    /// `connect`, `timeout`, `too_large`, `blocked`, `bad_data`.
    pub error: Option<String>,
}

impl AppResponse {
    /// An answer of the app.
    pub fn answered(status: u16, body: &[u8]) -> Self {
        let data = serde_json::from_slice(body).unwrap_or_else(|_| json!({}));
        Self { status, data, error: None }
    }

    /// No answer, and the word for why.
    pub fn failed(error: &str) -> Self {
        Self { status: 0, data: json!({}), error: Some(error.to_owned()) }
    }

    /// Whether the state may change: 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// `response` of the templates.
    pub fn value(&self) -> Value {
        let mut value = json!({"status": self.status, "data": self.data});
        if let (Some(error), Some(object)) = (&self.error, value.as_object_mut()) {
            object.insert("error".into(), json!(error));
        }
        value
    }
}

impl RequestPlan {
    /// As it may be shown: secrets and credentials masked.
    pub fn masked(&self, facts: &Facts) -> Value {
        let private = |name: &str| matches!(name.to_ascii_lowercase().as_str(), "authorization" | "cookie");
        let headers = self.headers.iter().map(|(name, value)| {
            (name.clone(), Value::String(if private(name) { "•••".into() } else { facts.mask(value) }))
        });
        json!({
            "method": self.method,
            "url": facts.mask(&self.url),
            "headers": headers.collect::<Map<_, _>>(),
            "body": self.body.as_deref().map(|body| facts.mask(body)),
            "refused": self.refused,
        })
    }
}

/// The templates of the call, in the order that [`request`] expects; empty when there is no call to make.
pub fn request_jobs(snapshot: &Snapshot, selection: &Selection, chat: &Chat, facts: &Facts) -> Vec<Job> {
    let Some(request) = selection.handler(snapshot).and_then(|handler| handler.request.as_ref()) else {
        return Vec::new();
    };
    let context = build(snapshot, selection, chat, facts, None);
    let job = |source: &str| Job {
        source: source.to_owned(),
        context: context.clone(),
        escape: Escape::None,
        moment: facts.now,
    };
    let parameters = request.url_parameters.iter().chain(&request.header_parameters);
    let mut strings = Vec::new();
    if let Some(data) = data(request) {
        collect(&data, &mut strings);
    }
    let sources = std::iter::once(request.url_template.as_str())
        .chain(parameters.map(|parameter| parameter.value_template.as_str()))
        .chain(strings.iter().take(MAX_STRINGS).map(String::as_str));
    sources.map(job).collect()
}

/// Makes the call's description of its rendered templates. Data that is no JSON, and a host that a value was inserted into,
/// give a plan that is `refused`.
///
/// # Errors
///
/// A template could not be rendered, or a header must not be sent.
pub fn request(
    snapshot: &Snapshot,
    selection: &Selection,
    facts: &Facts,
    rendered: Vec<Result<String, RenderError>>,
) -> Result<RequestPlan, StepError> {
    let handler = selection.handler(snapshot);
    let id = handler.map(|handler| handler.stamp.id.clone()).unwrap_or_default();
    let fail = |step: &str, message: &str| StepError {
        handler: Some(id.clone()),
        step: step.into(),
        message: facts.mask(message),
    };
    let Some(request) = handler.and_then(|handler| handler.request.as_ref()) else {
        return Err(fail("url", "the handler has no request"));
    };
    let mut rendered = rendered.into_iter();
    let mut next = |step: &str| match rendered.next() {
        Some(Ok(text)) => Ok(text),
        Some(Err(error)) => Err(fail(step, &error.to_string())),
        None => Err(fail(step, "it was not rendered")),
    };
    let mut plan = RequestPlan { handler: id.clone(), method: request.method.to_uppercase(), ..RequestPlan::default() };
    let url = next("url")?;
    let mut query = Vec::new();
    for parameter in &request.url_parameters {
        query.push((parameter.key.clone(), next("url")?));
    }
    for parameter in &request.header_parameters {
        let value = next("headers")?;
        header(&parameter.key, &value).map_err(|message| fail("headers", message))?;
        plan.headers.push((parameter.key.clone(), value.trim().to_owned()));
    }
    if !host_is_fixed(&request.url_template, facts) {
        plan.refused = Some("blocked".into());
    }
    plan.url = with_query(&url, &query);
    if matches!(plan.method.as_str(), "POST" | "PUT" | "PATCH") {
        match body(request, &mut || next("data"))? {
            Some(data) => encode(&data, &mut plan),
            None if data(request).is_some() => plan.refused = Some("bad_data".into()),
            None => plan.body = Some(String::new()),
        }
    }
    Ok(plan)
}

/// The data as JSON: the reference keeps it as a text with JSON in it (3.6).
fn data(request: &Request) -> Option<Value> {
    match request.data.as_ref()? {
        Value::Null => None,
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) => Some(serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()))),
        other => Some(other.clone()),
    }
}

fn collect(data: &Value, strings: &mut Vec<String>) {
    match data {
        Value::String(text) => strings.push(text.clone()),
        Value::Array(members) => members.iter().for_each(|member| collect(member, strings)),
        Value::Object(members) => members.values().for_each(|member| collect(member, strings)),
        _ => {}
    }
}

/// The data with each of its texts rendered by itself, so that a value never leaves its text (B51). An object with the one
/// key `$number` or `$json` becomes what its text is; none if that is nothing.
fn body(request: &Request, next: &mut dyn FnMut() -> Result<String, StepError>) -> Result<Option<Value>, StepError> {
    let Some(mut data) = data(request) else { return Ok(None) };
    let mut strings = Vec::new();
    collect(&data, &mut strings);
    if strings.len() > MAX_STRINGS {
        return Ok(None);
    }
    let whole = fill(&mut data, next)?;
    Ok(whole.then_some(data))
}

fn fill(data: &mut Value, next: &mut dyn FnMut() -> Result<String, StepError>) -> Result<bool, StepError> {
    let mut whole = true;
    match data {
        Value::String(text) => *text = next()?,
        Value::Array(members) => {
            for member in members {
                whole &= fill(member, next)?;
            }
        }
        Value::Object(members) => {
            for (_, member) in members.iter_mut() {
                whole &= fill(member, next)?;
            }
            if members.len() == 1 {
                let typed = members.iter().next().and_then(|(key, value)| match (key.as_str(), value.as_str()) {
                    ("$number", Some(text)) => Some(Some(number(text.trim())).filter(|number| !number.is_null())),
                    ("$json", Some(text)) => Some(serde_json::from_str(text).ok()),
                    _ => None,
                });
                match typed {
                    Some(Some(value)) => *data = value,
                    Some(None) => whole = false,
                    None => {}
                }
            }
        }
        _ => {}
    }
    Ok(whole)
}

fn encode(data: &Value, plan: &mut RequestPlan) {
    let kind = plan.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let form = kind.is_some_and(|(_, kind)| kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded"));
    if kind.is_none() {
        plan.headers.push(("Content-Type".into(), "application/json".into()));
    }
    plan.body = Some(if form { form_body(data) } else { data.to_string() });
}

/// A form: a list repeats its key, null is left out, as in the reference; an object is its JSON.
fn form_body(data: &Value) -> String {
    let scalar = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        other => other.to_string(),
    };
    let mut fields = Vec::new();
    for (key, value) in data.as_object().into_iter().flatten() {
        match value {
            Value::Null => {}
            Value::Array(members) => fields.extend(members.iter().map(|member| (key.clone(), scalar(member)))),
            value => fields.push((key.clone(), scalar(value))),
        }
    }
    pairs(&fields)
}

fn pairs(fields: &[(String, String)]) -> String {
    let pairs =
        fields.iter().map(|(key, value)| format!("{}={}", percent_encode(key, false), percent_encode(value, false)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Percent-encodes: all but unreserved characters, or with `url` only what must not stand in an address (B48).
pub fn percent_encode(text: &str, url: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, byte) in text.bytes().enumerate() {
        let unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let encoded = byte == b'%'
            && text.as_bytes().get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        if unreserved || url && (encoded || b":/?#[]@!$&'()*+,;=".contains(&byte)) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn with_query(url: &str, query: &[(String, String)]) -> String {
    let url = url.trim();
    // a fragment never leaves the client
    let url = url.split('#').next().unwrap_or_default();
    let (address, own) = url.split_once('?').map_or((url, None), |(address, own)| (address, Some(own)));
    let own = own.map(|own| percent_encode(own, true)).filter(|own| !own.is_empty());
    let added = Some(pairs(query)).filter(|added| !added.is_empty());
    let all: Vec<String> = own.into_iter().chain(added).collect();
    let address = percent_encode(address, true);
    if all.is_empty() { address } else { format!("{address}?{}", all.join("&")) }
}

fn header(name: &str, value: &str) -> Result<(), &'static str> {
    let token = |char: char| char.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(char);
    if name.is_empty() || !name.chars().all(token) {
        return Err("the name of a header may have letters, digits and - only");
    }
    const OURS: &[&str] = &["host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"];
    if OURS.contains(&name.to_ascii_lowercase().as_str()) {
        return Err("this header is made by the server");
    }
    if value.trim().chars().any(char::is_control) {
        return Err("a header's value has a line break or a control character in it");
    }
    Ok(())
}

/// Whether scheme and host are literal or come from `env` (B54): what stands in the template before the first other value has
/// to go on beyond the host.
fn host_is_fixed(template: &str, facts: &Facts) -> bool {
    let mut fixed = String::new();
    let mut rest = template.trim_start();
    let mut open = true;
    while let Some(at) = rest.find('{') {
        let (literal, block) = rest.split_at(at);
        fixed.push_str(literal);
        let inner = block.strip_prefix("{{").and_then(|inner| inner.split_once("}}"));
        let Some((expression, after)) = inner else {
            open = false;
            break;
        };
        let expression = expression.trim_matches('-').trim();
        let name = expression.strip_prefix("env.").or_else(|| {
            let key = expression.strip_prefix("env[")?.strip_suffix(']')?.trim();
            key.strip_prefix(['"', '\''])?.strip_suffix(['"', '\''])
        });
        let Some(value) = name.and_then(|name| facts.env.get(name.trim())) else {
            open = false;
            break;
        };
        fixed.push_str(&value.value);
        rest = after;
    }
    if open {
        fixed.push_str(rest);
    }
    let Some((scheme, after)) = fixed.trim().split_once("://") else { return false };
    let known = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    known && (open || after.contains(['/', '?', '#'])) && !after.is_empty()
}
