//! What the doors of Rasa's formats share: the body of a call, and the person's way into their conversation.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::credentials::Common;
use super::token::Owner;
use super::{Ground, Refused};
use crate::actors::doors::{self, Say};
use crate::domain::doors::{Arrival, Place};
use crate::domain::form::too_deep;
use crate::domain::{Refusal, Seq};
use crate::store::{Connection, StoreError, door_deliveries, organisation};

/// The longest `sender`, in characters.
const MAX_SENDER: usize = 255;
/// The longest `input_channel`, in characters.
const MAX_CHANNEL: usize = 100;

/// What somebody says through a door of Rasa's.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Uttered {
    pub sender: String,
    pub message: String,
    pub metadata: Option<Value>,
    pub input_channel: Option<String>,
    /// The caller's own name for it, which makes it repeatable.
    pub message_id: Option<String>,
}

/// Reads a call's body.
pub(super) fn read(request: &HttpRequest, body: &[u8]) -> Result<Uttered, Refused> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Refused::new(status, "content_type", "Write application/json."));
    }
    let invalid = || Refused::bad("invalid_json", "The body is no JSON object.");
    let body: Map<String, Value> = serde_json::from_slice(body).map_err(|_| invalid())?;
    let text = |key: &str| body.get(key).and_then(Value::as_str);
    let long = |text: &&str| !text.trim().is_empty() && text.chars().count() <= MAX_SENDER;
    let sender = text("sender").filter(long);
    let sender = sender.ok_or_else(|| {
        Refused::bad(
            "sender_missing",
            format!("`sender` is a text of 1 to {MAX_SENDER} characters that names the person."),
        )
    })?;
    let message = text("message");
    let message = message.ok_or_else(|| Refused::bad("message_missing", "`message` is a text; it may be empty."))?;
    let metadata = body.get("metadata").filter(|value| !value.is_null()).cloned();
    if metadata.as_ref().is_some_and(too_deep) {
        return Err(Refused::bad("invalid", "`metadata` is nested too deep."));
    }
    Ok(Uttered {
        sender: sender.to_owned(),
        message: message.trim().to_owned(),
        metadata,
        input_channel: text("input_channel").map(|name| name.chars().take(MAX_CHANNEL).collect()),
        message_id: name_of(body.get("message_id")),
    })
}

/// A message's own name: a text or a number.
pub(super) fn name_of(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The door's name for a conversation: nobody reaches another owner's by naming the same sender.
pub(super) fn conversation(owner: &Owner, sender: &str) -> String {
    match &owner.0 {
        Some(sub) => format!("{}:{sub}:{sender}", sub.len()),
        None => sender.to_owned(),
    }
}

/// Hexadecimal digits of a hash.
pub(super) fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(24).map(|byte| format!("{byte:02x}")).collect()
}

/// A person at a door.
pub(super) struct Visit<'a> {
    pub ground: &'a Ground,
    pub common: &'a Common,
    /// The connector's name.
    pub door: &'a str,
    /// Whether what is said to them is carried out by jobs.
    pub durable: bool,
    /// What is being said right now under a name of its own.
    pub under_way: &'a UnderWay,
}

/// Names of messages that are being said, so that one sent twice at the same moment is said once.
#[derive(Default)]
pub(super) struct UnderWay(Mutex<HashSet<(String, String)>>);

struct Saying<'a>(&'a UnderWay, (String, String));

impl UnderWay {
    fn begin(&self, key: (String, String)) -> Option<Saying<'_>> {
        let is_new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone());
        is_new.then(|| Saying(self, key))
    }
}

impl Drop for Saying<'_> {
    fn drop(&mut self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

/// What became of what somebody said.
pub(super) enum Heard {
    /// It is committed, at this position; nothing was said if it was empty.
    Committed(Option<Seq>),
    /// It was said before.
    Before,
}

impl Visit<'_> {
    /// Where they are.
    pub(super) async fn enter(&self, conversation: &str, data: Value) -> Result<Place, Refused> {
        let widget = self.widget().await?;
        let arrival = Arrival {
            door: self.door.to_owned(),
            conversation: conversation.to_owned(),
            sender: conversation.to_owned(),
            kind: "chat".to_owned(),
            bots: self.common.bots.clone(),
            // whoever is given the conversation gets a seat
            alone: widget.is_some(),
            widget,
            data,
            durable: self.durable,
            ..Arrival::default()
        };
        Ok(doors::enter(&self.ground.house, arrival).await?)
    }

    /// The widget of the entry, or the first of the website; none where the entry has bots of its own.
    async fn widget(&self) -> Result<Option<i64>, StoreError> {
        if self.common.widget.is_some() || !self.common.bots.is_empty() {
            return Ok(self.common.widget);
        }
        let find = |connection: &mut Connection| organisation::widget_of_channel(connection, "web");
        self.ground.house.store.read(find).await
    }

    /// What is kept with a new conversation.
    pub(super) fn data(&self, sender: &str) -> Value {
        json!({"sender": sender, "widget": self.common.widget})
    }

    /// Says it, once.
    pub(super) async fn say(&self, place: &Place, conversation: &str, said: &Uttered) -> Result<Heard, Refused> {
        let client_id = said.message_id.as_ref().map(|id| format!("door:{}", digest(id)));
        let _saying = match &client_id {
            Some(id) => {
                let Some(saying) = self.under_way.begin((conversation.to_owned(), id.clone())) else {
                    return Ok(Heard::Before);
                };
                let (here, id) = (place.clone(), id.clone());
                let known = move |connection: &mut _| door_deliveries::was_said(connection, &here, &id);
                if self.ground.house.store.read(known).await? {
                    return Ok(Heard::Before);
                }
                Some(saying)
            }
            None => None,
        };
        if said.message.is_empty() {
            return Ok(Heard::Committed(None));
        }
        let channel = said.input_channel.as_deref().unwrap_or(self.door);
        let mut meta = json!({"input_channel": channel});
        if let Some(metadata) = &said.metadata {
            meta["metadata"] = metadata.clone();
        }
        let say = Say { text: said.message.clone(), client_id, meta: Some(meta), ..Say::default() };
        let done = doors::say(&self.ground.house, place, say).await;
        match done {
            Ok(done) => Ok(Heard::Committed(done.message.map(|message| message.seq))),
            Err(Refusal::Invalid(errors)) if errors.has("text") => {
                Err(Refused::bad("invalid", "`message` is too long."))
            }
            Err(refusal) => Err(refusal.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn code(kind: &str, body: &str) -> &'static str {
        let request = TestRequest::post().insert_header(("content-type", kind)).to_http_request();
        read(&request, body.as_bytes()).err().map_or("taken", |refused| refused.code)
    }

    #[test]
    fn bodies_are_read_or_refused_by_name() {
        let json = "application/json; charset=utf-8";
        for (body, expected) in [
            (r#"{"sender":"a","message":""}"#, "taken"),
            (r#"{"sender":"","message":"x"}"#, "sender_missing"),
            (r#"{"sender":7,"message":"x"}"#, "sender_missing"),
            (r#"{"sender":"a","message":null}"#, "message_missing"),
            (r#"{"sender":"a","message":["x"]}"#, "message_missing"),
            ("null", "invalid_json"),
            ("\"x\"", "invalid_json"),
            ("", "invalid_json"),
        ] {
            assert_eq!(code(json, body), expected, "{body}");
        }
        assert_eq!(code("text/plain", "{}"), "content_type");
        let long = |length: usize| format!(r#"{{"sender":"{}","message":"x"}}"#, "ñ".repeat(length));
        assert_eq!((code(json, &long(255)), code(json, &long(256))), ("taken", "sender_missing"));
        let deep = format!(r#"{{"sender":"a","message":"x","metadata":{}{}}}"#, "[".repeat(60), "]".repeat(60));
        assert_eq!(code(json, &deep), "invalid");
    }

    #[test]
    fn owners_cannot_reach_each_other() {
        let owned = |sub: &str, sender: &str| conversation(&Owner(Some(sub.to_owned())), sender);
        assert_ne!(owned("a", "b:c"), owned("a:b", "c"));
        assert_ne!(owned("a", "x"), owned("b", "x"));
    }
}
