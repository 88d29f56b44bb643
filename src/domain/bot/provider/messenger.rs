//! Facebook Messenger (bots contract, 4.3, 6.3, 7.3, 8).

use serde_json::{Value, json};

use super::reading::{Fields, date, mime};
use super::{Address, Batch, Call, Incoming, Kind, Limits, MediaIn, Names, Provider};
use crate::domain::bot::keyboard::{Button, Payload};
use crate::domain::bot::split::{Unit, cut, split};
use crate::domain::bot::turn::Reply;
use crate::domain::content::{Card, Content};

pub(super) fn parse(body: &Value) -> Batch {
    let Some(entries) = body.get("entry").and_then(Value::as_array) else {
        return Batch::refused_with(json!({"entry": ["This field is required."]}));
    };
    let mut batch = Batch::default();
    let events = entries.iter().filter_map(|entry| entry.get("messaging").and_then(Value::as_array)).flatten();
    for item in events {
        let mut fields = Fields::new(item);
        let read = event(&mut fields);
        match fields.errors() {
            Some(errors) => drop(batch.errors.get_or_insert(errors)),
            None => batch.incoming.extend(read),
        }
    }
    batch
}

fn event(fields: &mut Fields<'_>) -> Option<Incoming> {
    let message = fields.get("message");
    let postback = fields.get("postback");
    // reports on deliveries and reading, opt-ins and what else there will be (B42)
    if message.is_none() && postback.is_none() {
        return None;
    }
    let flag = |name: &str| message.and_then(|message| message.get(name)).and_then(Value::as_bool);
    if flag("is_echo") == Some(true) {
        return None;
    }
    let id = |fields: &mut Fields<'_>| fields.text("id");
    let (sender, recipient) = (fields.inner("sender", id), fields.inner("recipient", id));
    let at = fields.optional_integer("timestamp").unwrap_or_default().saturating_mul(1_000);
    let (sender, recipient) = (sender?, recipient?);
    let text = |value: Option<&Value>, path: &str| value?.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let payload = text(postback, "/payload");
    let said = text(message, "/quick_reply/payload").or_else(|| text(message, "/text"));
    let (matched, kind) = match (&payload, &said) {
        (Some(payload), _) => (Some(payload.clone()), Kind::Callback),
        (None, Some(said)) => (Some(said.clone()), Kind::Message),
        (None, None) => (None, Kind::Media),
    };
    let dedup = text(message, "/mid").or_else(|| text(postback, "/mid"));
    let dedup = dedup.unwrap_or_else(|| format!("{sender}:{at}:{}", matched.as_deref().unwrap_or_default()));
    let mut view = json!({"sender": sender, "recipient": recipient, "timestamp": date(at)});
    if let Some(object) = view.as_object_mut() {
        match &payload {
            Some(payload) => object.insert("postback".into(), json!({"payload": payload})),
            None => object.insert("text".into(), json!(text(message, "/text"))),
        };
    }
    let files = message.and_then(|message| message.get("attachments")).and_then(Value::as_array);
    Some(Incoming {
        provider: Provider::Messenger,
        dedup,
        chat: sender.clone(),
        user: sender,
        text: matched,
        kind,
        message: view,
        reply_to: None,
        callback: None,
        names: Names::default(),
        room: json!({}),
        media: files.into_iter().flatten().take(10).map(file).collect(),
        at,
    })
}

fn file(attachment: &Value) -> MediaIn {
    let text = |path: &str| attachment.pointer(path).and_then(Value::as_str).map(str::to_owned);
    MediaIn {
        kind: text("/type").unwrap_or_else(|| "file".into()),
        file_id: None,
        url: text("/payload/url"),
        mime_type: text("/mime_type").map(|kind| mime(&kind)),
    }
}

fn call(name: &str, json: Value) -> Call {
    Call { provider: Provider::Messenger, name: name.into(), json }
}

fn said(to: &Address, message: &Value) -> Call {
    call("messages", json!({"recipient": {"id": to.chat}, "message": message}))
}

fn button(limits: &Limits, label: &str, payload: &Payload) -> Value {
    let title: String = label.chars().take(limits.messenger_label).collect();
    match payload {
        Payload::Text(payload) => json!({"type": "postback", "title": title, "payload": payload}),
        Payload::Link(url) => json!({"type": "web_url", "title": title, "url": url}),
    }
}

fn template(to: &Address, elements: &[Value]) -> Call {
    let payload = json!({"template_type": "generic", "elements": elements});
    said(to, &json!({"attachment": {"type": "template", "payload": payload}}))
}

pub(super) fn reply(limits: &Limits, to: &Address, reply: &Reply) -> Vec<Call> {
    match &reply.content {
        Some(Content::Media(media)) => {
            let payload = json!({"url": media.link, "is_reusable": false});
            let file = said(to, &json!({"attachment": {"type": media.kind, "payload": payload}}));
            let caption = media.caption.as_ref().map(|caption| said(to, &json!({"text": caption})));
            return std::iter::once(file).chain(caption).collect();
        }
        Some(Content::Cards { cards }) => {
            let elements: Vec<Value> = cards.iter().take(limits.messenger_cards).map(|one| card(limits, one)).collect();
            return vec![template(to, &elements)];
        }
        _ => {}
    }
    let mut parts: Vec<String> =
        split(&reply.text, limits.messenger_text, Unit::Characters).into_iter().take(limits.parts).collect();
    let buttons: Vec<&Button> =
        reply.keyboard.iter().take(limits.messenger_card.saturating_mul(limits.messenger_cards)).collect();
    let title = if buttons.is_empty() { None } else { parts.pop() };
    let Some(last) = title else {
        return parts.iter().map(|text| said(to, &json!({"text": text}))).collect();
    };
    let (before, title) = titled(&last, limits.messenger_title);
    let texts = parts.into_iter().chain(before);
    let elements: Vec<Value> = buttons
        .chunks(limits.messenger_card.max(1))
        .map(|three| {
            let three = three.iter().map(|one| button(limits, &one.label, &one.payload));
            json!({"title": title, "buttons": three.collect::<Vec<_>>()})
        })
        .collect();
    let texts: Vec<Call> = texts.map(|text| said(to, &json!({"text": text}))).collect();
    texts.into_iter().chain([template(to, &elements)]).collect()
}

/// The last part as what stands before the cards and their title: as it was, up to where the title begins (B79).
fn titled(text: &str, limit: usize) -> (Option<String>, String) {
    let title = cut(text, limit, Unit::Characters).pop().unwrap_or_default();
    let before = text.trim_end().strip_suffix(title.trim_end()).unwrap_or_default().trim_end();
    (Some(before.to_owned()).filter(|before| !before.is_empty()), title)
}

fn card(limits: &Limits, card: &Card) -> Value {
    let buttons = card.buttons.iter().take(limits.messenger_card).map(|option| {
        let payload = option.link.clone().map_or_else(|| Payload::Text(option.id.clone()), Payload::Link);
        button(limits, &option.label, &payload)
    });
    let buttons: Vec<Value> = buttons.collect();
    let mut element = json!({"title": card.title.chars().take(80).collect::<String>()});
    if let Some(object) = element.as_object_mut() {
        if let Some(subtitle) = &card.subtitle {
            object.insert("subtitle".into(), json!(subtitle.chars().take(80).collect::<String>()));
        }
        if let Some(image) = &card.image {
            object.insert("image_url".into(), json!(image));
        }
        if !buttons.is_empty() {
            object.insert("buttons".into(), json!(buttons));
        }
    }
    element
}

pub(super) fn typing(to: &Address) -> Call {
    call("messages", json!({"recipient": {"id": to.chat}, "sender_action": "typing_on"}))
}

pub(super) fn subscribe() -> Call {
    call("subscribed_apps", json!({}))
}
