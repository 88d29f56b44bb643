//! Kik (bots contract, 4.2, 6.3, 7.3, 8).

use serde_json::{Value, json};

use super::reading::{Fields, date};
use super::{Address, Batch, Call, Incoming, Kind, Limits, MediaIn, Names, Provider, Tickets};
use crate::domain::bot::keyboard::Payload;
use crate::domain::bot::split::{Unit, split};
use crate::domain::bot::turn::Reply;

/// What the webhook is set to when there is none.
const NOWHERE: &str = "https://example.com";

pub(super) fn parse(body: &Value) -> Batch {
    let Some(messages) = body.get("messages").and_then(Value::as_array) else {
        return Batch::refused_with(json!({"messages": ["This field is required."]}));
    };
    let mut batch = Batch::default();
    for item in messages {
        let mut fields = Fields::new(item);
        let read = message(&mut fields);
        match fields.errors() {
            Some(errors) => drop(batch.errors.get_or_insert(errors)),
            None => batch.incoming.extend(read),
        }
    }
    batch
}

/// One message; types that nobody knows are left out, known media are remembered.
fn message(fields: &mut Fields<'_>) -> Option<Incoming> {
    let (id, chat, user) = (fields.text("id"), fields.text("chatId"), fields.text("from"));
    let (stamp, kind) = (fields.integer("timestamp"), fields.text("type"));
    if let Some(id) = id.as_deref().filter(|id| !is_uuid(id)) {
        fields.error("id", json!([format!("\"{id}\" is not a valid UUID.")]));
    }
    let participants = fields.get("participants").cloned().unwrap_or_else(|| json!([]));
    if !participants.is_array() {
        fields.error("participants", json!(["Expected a list of items."]));
    }
    let (body, kind) = (fields.optional_text("body"), kind?);
    let (text, what) = match kind.as_str() {
        "text" => (Some(body.clone().or_else(|| fields.text("body"))?), Kind::Message),
        "start-chatting" | "scan-data" => (Some("/start".to_owned()), Kind::Start),
        "picture" | "video" | "sticker" | "link" | "is-typing" | "read-receipt" | "delivery-receipt" => {
            (None, Kind::Media)
        }
        _ => return None,
    };
    let media = fields.get(if kind == "video" { "videoUrl" } else { "picUrl" }).and_then(Value::as_str);
    let media = media.filter(|_| what == Kind::Media).map(|url| MediaIn {
        kind: if kind == "picture" { "image".into() } else { kind.clone() },
        url: Some(url.to_owned()),
        ..MediaIn::default()
    });
    let (id, chat, user, at) = (id?, chat?, user?, stamp?.saturating_mul(1_000));
    let view = json!({
        "id": id, "chatId": chat, "from": user, "participants": participants, "body": text, "timestamp": date(at), "type": "text",
    });
    Some(Incoming {
        provider: Provider::Kik,
        dedup: id,
        chat,
        names: Names { username: Some(user.clone()), ..Names::default() },
        user,
        text,
        kind: what,
        message: view,
        reply_to: None,
        callback: None,
        room: json!({}),
        media: media.into_iter().collect(),
        at,
    })
}

fn is_uuid(text: &str) -> bool {
    let digits = text.chars().filter(|char| *char != '-');
    digits.clone().count() == 32 && digits.clone().all(|char| char.is_ascii_hexdigit())
}

fn call(name: &str, json: Value) -> Call {
    Call { provider: Provider::Kik, name: name.into(), json }
}

pub(super) fn reply(limits: &Limits, to: &Address, reply: &Reply, tickets: &mut Tickets) -> Vec<Call> {
    let parts: Vec<String> =
        split(&reply.text, limits.kik_text, Unit::Characters).into_iter().take(limits.parts).collect();
    let last = parts.len().saturating_sub(1);
    if !parts.is_empty() {
        // pressing a button sends its label: what it stands for is remembered for the last keyboard (B74)
        let stands_for = reply.keyboard.iter().filter_map(|button| match &button.payload {
            Payload::Text(payload) => Some((button.label.clone(), payload.clone())),
            Payload::Link(_) => None,
        });
        tickets.labels = stands_for.take(limits.kik_buttons).collect();
    }
    let messages = parts.into_iter().enumerate().map(|(at, body)| {
        let mut message = json!({"type": "text", "to": to.user, "chatId": to.chat, "body": body});
        let buttons = reply.keyboard.iter().take(limits.kik_buttons).filter(|_| at == last);
        let responses: Vec<Value> = buttons.map(|button| json!({"type": "text", "body": button.label})).collect();
        if let Some(object) = message.as_object_mut().filter(|_| !responses.is_empty()) {
            object.insert("keyboards".into(), json!([{"type": "suggested", "to": to.user, "responses": responses}]));
        }
        message
    });
    let messages: Vec<Value> = messages.collect();
    messages.chunks(limits.kik_batch.max(1)).map(|batch| call("message", json!({"messages": batch}))).collect()
}

pub(super) fn typing(to: &Address) -> Call {
    let typing = json!({"type": "is-typing", "to": to.user, "chatId": to.chat, "isTyping": true});
    call("message", json!({"messages": [typing]}))
}

pub(super) fn config(hook: Option<&str>) -> Call {
    call("config", json!({"webhook": hook.unwrap_or(NOWHERE), "features": {}}))
}
