//! A built-in bot that holds conversations of the house, as any operator does: behind the widget, Botkit's door, or a channel.
//!
//! What the bot remembers of the chat is the context of its session (bot-webhooks contract, 13), so a turn's new state and
//! what it says are stored in one commit: a call that comes twice is decided twice on the same state, and counts once.

use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::Bots;
use super::turning::Known;
use crate::actors::conversations::{Attempt, Brain, End};
use crate::domain::bot::keyboard::{Button, Payload};
use crate::domain::bot::provider::{Incoming, Kind, MediaIn, Provider, Tickets};
use crate::domain::bot::turn::{self, Chat, Reply, Turn};
use crate::domain::content::Content;
use crate::domain::conversation::batch;
use crate::domain::conversation::settings::BotSettings;
use crate::domain::conversation::step::Call;
use crate::outbound::Failure;
use crate::store::bots::chats::Partner;
use crate::store::{Connection, bots as kept, if_there};

/// Where the chat stands in the session's context.
const CHAT: &str = "chat";
/// The largest context that a session keeps, in bytes.
const MAX_CONTEXT: usize = 10_240;
/// The longest pause that one event may make, in milliseconds.
const MAX_PAUSE: u32 = 60_000;

impl Brain for Bots {
    fn answer<'a>(&'a self, call: &'a Call, bot: &'a BotSettings) -> BoxFuture<'a, Attempt> {
        Box::pin(async move {
            let Some(account) = bot.builtin_id else { return Attempt::last(End::Connect) };
            match self.converse(call, account).await {
                Ok(Some(events)) => Attempt::last(read(&events, &call.cid)),
                // an event that a built-in bot has no use for, or a bot that is gone
                Ok(None) => Attempt::last(End::Status(204)),
                Err(failure) => {
                    tracing::warn!(%failure, bot = account, "a built-in bot could not take its turn");
                    Attempt { end: End::Status(503), again: true }
                }
            }
        })
    }
}

fn read(events: &Value, cid: &str) -> End {
    match batch::answer(events.to_string().as_bytes(), cid) {
        Ok(batch) => End::Batch(batch),
        Err(error) => End::Unreadable(format!("{}: {}", error.code, error.message)),
    }
}

impl Bots {
    /// One turn of the bot whose account this is: the events of its answer.
    async fn converse(&self, call: &Call, account: i64) -> Result<Option<Value>, Failure> {
        let find = move |connection: &mut Connection| {
            let Some(bot) = if_there(kept::of_account(connection, account))? else { return Ok(None) };
            let variables = kept::variables(connection, &bot.id)?;
            Ok(Some((bot, variables)))
        };
        let Some((bot, variables)) = self.house.store.read(find).await? else { return Ok(None) };
        let Some(incoming) = incoming(call, self.house.clock.now()) else { return Ok(None) };
        let chat = call.info.pointer("/context/chat").cloned().and_then(|chat| serde_json::from_value(chat).ok());
        let partner = Partner {
            bot: bot.id.clone(),
            provider: "web".to_owned(),
            chat: incoming.chat.clone(),
            person: incoming.user.clone(),
        };
        let known = Known { bot, partner, chat: chat.unwrap_or_default(), tickets: Tickets::default(), variables };
        let ready = self.ready(&known.bot.id).await?;
        let facts = self.facts(&ready, &known, incoming, false);
        let selection = turn::select(&ready.snapshot, &known.chat, &facts);
        let decided = self.decide(&ready, &selection, &known, &facts, true).await;
        let (turn, now) = (decided.turn, facts.now);
        let (partner, errors, set) = (known.partner, turn.errors.clone(), turn.bot.clone());
        if !errors.is_empty() || !set.is_empty() {
            let write = move |connection: &mut Connection| {
                if !set.is_empty() {
                    let mut variables = kept::variables(connection, &partner.bot)?;
                    variables.extend(set);
                    kept::set_variables(connection, &partner.bot, &variables)?;
                }
                super::turning::note_errors(connection, &partner, &errors, now)
            };
            self.house.store.write(write).await?;
        }
        Ok(Some(events(&turn, &call.cid)))
    }
}

/// What the contact did, as a built-in bot hears it.
fn incoming(call: &Call, now: i64) -> Option<Incoming> {
    let payload = Value::Object(call.payload.clone());
    let text = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let id = |pointer: &str| call.info.pointer(pointer).map(Value::to_string).unwrap_or_default();
    let mut incoming = Incoming::nothing(Provider::Messenger, &id("/conversation/id"), &id("/contact/id"), now);
    incoming.dedup = call.delivery.clone();
    (incoming.kind, incoming.text) = match call.name.as_str() {
        "start" if payload.get("body").is_none() && payload.get("media").is_none() => {
            (Kind::Start, Some("/start".to_owned()))
        }
        "start" | "message" if payload.get("body").is_some() => (Kind::Message, text("/body")),
        "click" => (Kind::Callback, text("/value/id")),
        "start" | "media" => (Kind::Media, None),
        "location" => (Kind::Media, None),
        _ => return None,
    };
    if incoming.kind == Kind::Media {
        let file = payload.get("media").unwrap_or(&payload);
        let word = |key: &str| file.get(key).and_then(Value::as_str).map(str::to_owned);
        let mime_type = word("mime_type");
        let family = mime_type.as_deref().and_then(|mime| mime.split('/').next()).unwrap_or("file").to_owned();
        let kind = if call.name == "location" { "location".to_owned() } else { family };
        incoming.media = vec![MediaIn { kind, file_id: None, url: word("link"), mime_type }];
    }
    incoming.names.first = call.info.pointer("/contact/name").and_then(Value::as_str).map(str::to_owned);
    incoming.message = json!({
        "sender": incoming.user, "recipient": call.bot.to_string(), "timestamp": crate::domain::time::format(now),
        "text": incoming.text, "contact": call.info.get("contact"), "conversation": call.info.get("conversation"),
    });
    Some(incoming)
}

/// The events that a turn comes to. Its chat goes along as the context.
fn events(turn: &Turn, cid: &str) -> Value {
    let context = context(&turn.chat);
    let mut packets: Vec<Value> = Vec::new();
    for reply in &turn.replies {
        if reply.typing_ms > 0 {
            let seconds = f64::from(reply.typing_ms.min(MAX_PAUSE)) / 1_000.0;
            packets.push(json!({"name": "delay", "payload": {"seconds": seconds}}));
        }
        packets.extend(said(reply));
    }
    if turn.handoff.is_some() {
        packets.push(json!({"name": "abort"}));
    } else if turn.end {
        packets.push(json!({"name": "end"}));
    }
    if packets.is_empty() {
        // a pause that nothing follows does nothing, and carries the context
        packets.push(json!({"name": "delay", "payload": {"seconds": 0.1, "typing": false}}));
    }
    let event = |packet: Value| json!({"info": {"cid": cid, "context": context}, "packet": packet});
    packets.into_iter().map(event).collect()
}

/// The chat as a session keeps it; what was answered longest ago goes first when it is too much.
fn context(chat: &Chat) -> Map<String, Value> {
    let mut chat = chat.clone();
    loop {
        let context = Map::from_iter([(CHAT.to_owned(), json!(chat))]);
        if Value::Object(context.clone()).to_string().len() <= MAX_CONTEXT {
            return context;
        }
        let Some(oldest) = chat.context.keys().next().cloned() else {
            // only variables are left, and they alone are too much
            chat = Chat { state: chat.state, ..Chat::default() };
            return Map::from_iter([(CHAT.to_owned(), json!(chat))]);
        };
        chat.context.shift_remove(&oldest);
    }
}

fn said(reply: &Reply) -> Vec<Value> {
    let mut packets = Vec::new();
    if let Some(Content::Media(media)) = &reply.content {
        packets.push(json!({"name": "media", "payload": {"link": media.link, "caption": media.caption}}));
    }
    let text = reply.text.trim();
    let (mut options, mut links) = (Vec::new(), Vec::new());
    for Button { label, payload } in &reply.keyboard {
        match payload {
            Payload::Text(id) => options.push(json!({"id": id, "label": label})),
            Payload::Link(link) => links.push(json!({"label": label, "link": link})),
        }
    }
    let shown = if text.is_empty() { "…" } else { text };
    if !options.is_empty() {
        let fallback: String = shown.chars().take(1_000).collect();
        packets.push(json!({"name": "bubbles", "payload": {"body": shown, "options": options, "fallback": fallback}}));
    } else if links.is_empty() && !text.is_empty() {
        packets.push(json!({"name": "message", "payload": {"body": text}}));
    }
    if !links.is_empty() {
        packets.push(json!({"name": "buttons", "payload": {"body": shown, "buttons": links}}));
    }
    packets
}
