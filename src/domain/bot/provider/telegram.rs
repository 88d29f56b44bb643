//! Telegram (bots contract, 4.1, 6.3, 7.3, 8).

use serde_json::{Map, Value, json};

use super::reading::{Fields, date, mime};
use super::{Address, Batch, Call, Incoming, Kind, Limits, MediaIn, Names, Provider, Tickets};
use crate::domain::Micros;
use crate::domain::bot::html;
use crate::domain::bot::keyboard::{Button, Payload};
use crate::domain::bot::split::{Unit, split};
use crate::domain::bot::turn::Reply;
use crate::domain::content::Content;

/// A person or a chat as templates see it.
struct Party {
    id: i64,
    view: Value,
}

struct Message {
    id: i64,
    at: Micros,
    chat: Party,
    from: Party,
    text: Option<String>,
    media: Vec<MediaIn>,
    view: Value,
}

fn person(fields: &mut Fields<'_>) -> Option<Party> {
    let (id, first) = (fields.integer("id"), fields.text("first_name"));
    let (last, username) = (fields.optional_text("last_name"), fields.optional_text("username"));
    let id = id?;
    let view = json!({"id": id, "first_name": first?, "last_name": last, "username": username});
    Some(Party { id, view })
}

fn chat(fields: &mut Fields<'_>) -> Option<Party> {
    let (id, kind) = (fields.integer("id"), fields.text("type"));
    if let Some(kind) = kind.as_deref().filter(|kind| !["private", "group", "supergroup", "channel"].contains(kind)) {
        fields.error("type", json!([format!("\"{kind}\" is not a valid choice.")]));
    }
    let mut view = Map::new();
    view.insert("id".into(), json!(id));
    view.insert("type".into(), json!(kind));
    for name in ["title", "username", "first_name", "last_name"] {
        view.insert(name.into(), json!(fields.optional_text(name)));
    }
    Some(Party { id: id?, view: Value::Object(view) })
}

fn message(fields: &mut Fields<'_>) -> Option<Message> {
    let (id, date_s) = (fields.integer("message_id"), fields.integer("date"));
    let (chat, from) = (fields.inner("chat", chat), fields.inner("from", person));
    let text = fields.optional_text("text");
    let forwarded = fields.get("forward_from").and_then(|from| person(&mut Fields::new(from))).map(|from| from.view);
    let media = media(fields);
    let (id, at, chat, from) = (id?, date_s?.saturating_mul(1_000_000), chat?, from?);
    let view = json!({
        "message_id": id,
        "date": date(at),
        "text": text,
        "forward_from": forwarded,
        "from_user": from.view,
        "chat": chat.view,
        "caption": fields.optional_text("caption"),
    });
    Some(Message { id, at, chat, from, text, media, view })
}

/// Files and the like.
fn media(fields: &Fields<'_>) -> Vec<MediaIn> {
    const KINDS: &[(&str, &str)] = &[
        ("voice", "audio"),
        ("audio", "audio"),
        ("video", "video"),
        ("video_note", "video"),
        ("animation", "video"),
        ("document", "file"),
        ("sticker", "sticker"),
        ("location", "location"),
        ("contact", "contact"),
    ];
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let file = |kind: &str, value: &Value| MediaIn {
        kind: kind.to_owned(),
        file_id: text(value, "file_id"),
        url: None,
        mime_type: text(value, "mime_type").map(|kind| mime(&kind)),
    };
    // of a photo's sizes the last is the largest
    let photo =
        fields.get("photo").and_then(Value::as_array).and_then(|sizes| sizes.last()).map(|size| file("image", size));
    let others = KINDS.iter().filter_map(|(name, kind)| Some(file(kind, fields.get(name)?)));
    photo.into_iter().chain(others.take(1)).collect()
}

pub(super) fn parse(body: &Value) -> Batch {
    let mut fields = Fields::new(body);
    let update = fields.integer("update_id");
    let message = fields.optional_inner("message", message);
    let pressed = fields.optional_inner("callback_query", |fields| {
        let (id, from) = (fields.text("id"), fields.inner("from", person));
        let hangs_on = fields.optional_inner("message", self::message);
        Some((id?, from?, hangs_on, fields.optional_text("data")))
    });
    if let Some(errors) = fields.errors() {
        return Batch::refused_with(errors);
    }
    let Some(update) = update else { return Batch::default() };
    match (message, pressed) {
        (Some(message), _) => Batch::one(said(update, message)),
        (None, Some((id, from, Some(on), Some(data)))) => Batch::one(callback(update, id, from, on, data)),
        _ => Batch::default(),
    }
}

fn names(view: &Value) -> Names {
    let text = |name: &str| view.get(name).and_then(Value::as_str).map(str::to_owned);
    Names { first: text("first_name"), last: text("last_name"), username: text("username") }
}

fn said(update: i64, message: Message) -> Incoming {
    Incoming {
        provider: Provider::Telegram,
        dedup: update.to_string(),
        chat: message.chat.id.to_string(),
        user: message.from.id.to_string(),
        kind: if message.text.is_some() { Kind::Message } else { Kind::Media },
        text: message.text,
        message: json!({"update_id": update, "message": message.view}),
        reply_to: Some(message.id),
        callback: None,
        names: names(&message.from.view),
        room: message.chat.view,
        media: message.media,
        at: message.at,
    }
}

fn callback(update: i64, id: String, from: Party, on: Message, data: String) -> Incoming {
    let query = json!({"callback_id": id, "data": data, "from_user": from.view, "message": on.view});
    Incoming {
        provider: Provider::Telegram,
        dedup: update.to_string(),
        chat: on.chat.id.to_string(),
        user: from.id.to_string(),
        text: Some(data),
        kind: Kind::Callback,
        message: json!({"update_id": update, "callback_query": query}),
        reply_to: Some(on.id),
        callback: Some(id),
        names: names(&from.view),
        room: on.chat.view,
        media: Vec::new(),
        at: on.at,
    }
}

fn call(name: &str, json: Value) -> Call {
    Call { provider: Provider::Telegram, name: name.into(), json }
}

fn chat_id(to: &Address) -> Value {
    to.chat.parse::<i64>().map_or_else(|_| json!(to.chat), Value::from)
}

fn markup(limits: &Limits, keyboard: &[Button], tickets: &mut Tickets) -> Option<String> {
    let rows = keyboard.iter().take(limits.telegram_buttons).map(|button| match &button.payload {
        Payload::Link(url) => json!([{"text": button.label, "url": url}]),
        Payload::Text(text) => {
            json!([{"text": button.label, "callback_data": tickets.issue(text, limits.telegram_payload)}])
        }
    });
    let rows: Vec<Value> = rows.collect();
    (!rows.is_empty()).then(|| json!({"inline_keyboard": rows}).to_string())
}

pub(super) fn reply(limits: &Limits, to: &Address, reply: &Reply, tickets: &mut Tickets) -> Vec<Call> {
    let mut base = Map::new();
    base.insert("chat_id".into(), chat_id(to));
    if let Some(message) = to.reply_to {
        base.insert("reply_to_message_id".into(), json!(message));
    }
    match &reply.content {
        Some(Content::Media(media)) => {
            let (name, field) = match media.kind.as_str() {
                "image" => ("sendPhoto", "photo"),
                "video" => ("sendVideo", "video"),
                "audio" => ("sendAudio", "audio"),
                _ => ("sendDocument", "document"),
            };
            base.insert(field.into(), json!(media.link));
            if let Some(caption) = &media.caption {
                base.insert("caption".into(), json!(caption.chars().take(1024).collect::<String>()));
            }
            return vec![call(name, Value::Object(base))];
        }
        Some(Content::Cards { cards }) => {
            return cards.iter().flat_map(|card| self::card(limits, to, card, tickets)).collect();
        }
        _ => {}
    }
    let parts: Vec<String> =
        split(&reply.text, limits.telegram_text, Unit::Marked).into_iter().take(limits.parts).collect();
    let last = parts.len().saturating_sub(1);
    let keyboard = if parts.is_empty() { None } else { markup(limits, &reply.keyboard, tickets) };
    let sent = parts.into_iter().enumerate().map(|(at, text)| {
        let mut body = base.clone();
        body.insert("text".into(), json!(text));
        body.insert("parse_mode".into(), json!("HTML"));
        body.insert("disable_web_page_preview".into(), json!(true));
        if let Some(markup) = keyboard.as_ref().filter(|_| at == last) {
            body.insert("reply_markup".into(), json!(markup));
        }
        call("sendMessage", Value::Object(body))
    });
    sent.collect()
}

/// Telegram knows no cards: a text with the card's buttons.
fn card(limits: &Limits, to: &Address, card: &crate::domain::content::Card, tickets: &mut Tickets) -> Vec<Call> {
    let lines = [Some(format!("<b>{}</b>", html::escape(&card.title))), card.subtitle.as_deref().map(html::escape)];
    let text = lines.into_iter().flatten().chain(card.image.clone()).collect::<Vec<_>>().join("\n");
    let buttons = card.buttons.iter().map(|option| Button {
        label: option.label.clone(),
        payload: option.link.clone().map_or_else(|| Payload::Text(option.id.clone()), Payload::Link),
    });
    let said = Reply { text, keyboard: buttons.collect(), ..Reply::default() };
    reply(limits, to, &said, tickets)
}

pub(super) fn typing(to: &Address) -> Call {
    call("sendChatAction", json!({"chat_id": chat_id(to), "action": "typing"}))
}

pub(super) fn answer_callback(id: &str) -> Call {
    call("answerCallbackQuery", json!({"callback_query_id": id}))
}

pub(super) fn get_me() -> Call {
    call("getMe", json!({}))
}

pub(super) fn set_webhook(hook: Option<&str>, secret: &str) -> Call {
    match hook {
        Some(url) => call(
            "setWebhook",
            json!({"url": url, "secret_token": secret, "allowed_updates": ["message", "callback_query"]}),
        ),
        None => call("setWebhook", json!({"url": ""})),
    }
}

/// Without marks, as text.
pub(super) fn plain(call: &Call) -> Call {
    let mut call = call.clone();
    if let Some(body) = call.json.as_object_mut() {
        let marked = body.shift_remove("parse_mode").is_some();
        if let Some(text) = body.get("text").and_then(Value::as_str).filter(|_| marked).map(html::plain) {
            body.insert("text".into(), json!(text));
        }
    }
    call
}
