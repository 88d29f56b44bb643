//! Keyboards (bots contract, 7.1 and 7.2): a rendered template, read as a Python literal, becomes buttons, one a row.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

use super::literal::{self, Literal};
use super::template::{Escape, Job, RenderError};
use crate::domain::Micros;

/// Buttons of a keyboard at most.
pub const MAX_BUTTONS: usize = 100;

/// A button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What it says.
    pub label: String,
    /// What it does.
    pub payload: Payload,
}

/// What a button does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    /// The bot hears this.
    Text(String),
    /// An address is opened.
    Link(String),
}

/// Whether a text is an address that a button may open: an `http` or `https` URL with a host (B68).
pub fn is_link(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let Some(rest) = lower.strip_prefix("http://").or_else(|| lower.strip_prefix("https://")) else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let name = host.split(':').next().unwrap_or_default();
    let port = host.strip_prefix(name).unwrap_or_default();
    let plain = !text.chars().any(|char| char.is_whitespace() || char.is_control());
    let port_ok = port.is_empty() || port.starts_with(':') && port.chars().skip(1).all(|char| char.is_ascii_digit());
    let named = name.chars().all(|char| char.is_alphanumeric() || "-._~%".contains(char)) && !name.is_empty();
    plain && (named && port_ok || host.starts_with('[') && host.contains(']'))
}

/// Reads a rendered keyboard template. Empty output, spaces only (B67) and an empty list are no keyboard.
///
/// # Errors
///
/// What is wrong with it, in words: not a literal, a value that is no button, too many buttons.
pub fn parse(rendered: &str) -> Result<Vec<Button>, String> {
    if rendered.trim().is_empty() {
        return Ok(Vec::new());
    }
    let mut buttons = Vec::new();
    flatten(literal::parse(rendered)?, &mut buttons)?;
    if buttons.len() > MAX_BUTTONS {
        return Err(format!("more than {MAX_BUTTONS} buttons"));
    }
    Ok(buttons)
}

fn flatten(value: Literal, buttons: &mut Vec<Button>) -> Result<(), String> {
    match value {
        Literal::List(members) => members.into_iter().try_for_each(|member| flatten(member, buttons)),
        Literal::Text(text) => push(text.clone(), text, buttons),
        Literal::Number(number) => push(number.clone(), number, buttons),
        Literal::Tuple(pair) => {
            let mut texts = pair.into_iter().map(text);
            match (texts.next(), texts.next(), texts.next()) {
                (Some(Some(label)), Some(Some(payload)), None) => push(label, payload, buttons),
                _ => Err("a tuple that is not (label, payload)".into()),
            }
        }
        Literal::True | Literal::False | Literal::None => Err("True, False and None are no buttons".into()),
    }
}

fn text(value: Literal) -> Option<String> {
    match value {
        Literal::Text(text) | Literal::Number(text) => Some(text),
        _ => None,
    }
}

/// A value that is not there gives an empty label: the button is left out, the others stay.
fn push(label: String, payload: String, buttons: &mut Vec<Button>) -> Result<(), String> {
    if label.trim().is_empty() {
        return Ok(());
    }
    let payload = if is_link(&payload) { Payload::Link(payload) } else { Payload::Text(payload) };
    buttons.push(Button { label, payload });
    Ok(())
}

/// A text as a literal that is itself again when read: the filter `q` (B70).
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for char in text.chars() {
        match char {
            '\\' | '\'' => out.extend(['\\', char]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            char if char.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(char))),
            char => out.push(char),
        }
    }
    out.push('\'');
    out
}

/// The rendering that the check on saving looks at (7.2): everything empty, except for the states that the template names.
/// Its output goes to [`parse`]; what is wrong then begins with `Not correct`.
pub fn check_job(source: &str, moment: Micros) -> Job {
    let mut states = Map::new();
    for after in source.split("state_context.").skip(1) {
        let name: String = after.chars().take_while(|char| char.is_alphanumeric() || *char == '_').collect();
        states.insert(name, json!({"response": {}, "pattern": {}}));
    }
    let context = json!({
        "env": {}, "response": {}, "pattern": {}, "state_context": states, "message": {}, "data": {}, "service": "",
        "user": {}, "session": {}, "bot": {}, "slots": {},
    });
    Job { source: source.to_owned(), context: Arc::new(context), escape: Escape::None, moment }
}

/// The verdict on what [`check_job`] rendered to.
///
/// # Errors
///
/// The message for the field `keyboard_template`.
pub fn check_rendered(rendered: Result<String, RenderError>) -> Result<(), String> {
    let rendered = rendered.map_err(|error| error.to_string())?;
    parse(&rendered).map(|_| ()).map_err(|error| format!("Not correct keyboard: {error}"))
}
