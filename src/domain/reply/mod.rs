//! Rasa's reply format and our neutral content (channels contract, 4): what a bot answers is read into messages, and
//! messages are written for the doors that speak it.
//!
//! ```text
//! bot ──reply──▶ parse ──▶ (text, Content) ═══ message ═══▶ split, render ──▶ rest, callback, socketio
//! ```

mod parse;
mod render;
#[cfg(test)]
mod tests;

pub use parse::{Said, parse, parse_turn};
pub use render::{frames, objects, picked};

/// Keys of `custom` that would say who gets a message, as whom, and with which token (channels contract, 4.5).
const NEVER_CUSTOM: [&str; 20] = [
    "recipient",
    "to",
    "From",
    "To",
    "MessagingServiceSid",
    "channel",
    "chat_id",
    "roomId",
    "toPersonId",
    "toPersonEmail",
    "channel_id",
    "conversation",
    "serviceUrl",
    "room",
    "token",
    "username",
    "icon_url",
    "as_user",
    "from",
    "chatId",
];

/// A `custom` object without what may never come from it.
pub fn harmless(custom: &serde_json::Value) -> serde_json::Value {
    match custom {
        serde_json::Value::Object(fields) => {
            let kept = fields.iter().filter(|(key, _)| !NEVER_CUSTOM.contains(&key.as_str()));
            serde_json::Value::Object(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
        }
        other => other.clone(),
    }
}

/// The paragraphs of a text: cut at each empty line, trimmed, empty ones dropped (channels contract, 4.2).
pub fn paragraphs(text: &str, split: bool) -> Vec<&str> {
    let parts: Box<dyn Iterator<Item = &str>> =
        if split { Box::new(text.split("\n\n")) } else { Box::new(std::iter::once(text)) };
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}
