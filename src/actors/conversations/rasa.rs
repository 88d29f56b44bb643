//! Bots that are called at Rasa's REST channel: `{sender, message, metadata, input_channel}` goes out, a list of replies comes
//! back (channels contract, 4.1). What they reply becomes the events of the bot-webhooks contract.

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::brain::{Attempt, Brain, End, headers, is_passing, no_reply};
use crate::domain::conversation::batch::{self, MAX_BODY};
use crate::domain::conversation::settings::BotSettings;
use crate::domain::conversation::step::Call;
use crate::outbound::calls::Posting;
use crate::outbound::{Caller, Seal};

/// What Rasa's servers call the channel that this house is.
const INPUT_CHANNEL: &str = "tertulia";

/// A server in Rasa's format.
pub(super) struct RasaServer {
    caller: Caller,
    seal: Seal,
}

impl RasaServer {
    pub(super) fn new(caller: Caller, seal: Seal) -> Self {
        Self { caller, seal }
    }
}

impl Brain for RasaServer {
    fn answer<'a>(&'a self, call: &'a Call, bot: &'a BotSettings) -> BoxFuture<'a, Attempt> {
        Box::pin(async move {
            let Some(message) = message(call) else { return Attempt::last(End::Status(204)) };
            let body =
                json!({"sender": call.cid, "message": message, "metadata": call.info, "input_channel": INPUT_CHANNEL});
            let posting = Posting {
                url: bot.webhook_url.clone(),
                headers: headers(&self.seal, call, bot),
                body: body.to_string().into_bytes(),
            };
            match self.caller.post(posting, MAX_BODY).await {
                Err(why) => no_reply(why),
                Ok(reply) if reply.status == 200 => Attempt::last(read(&reply.body, &call.cid)),
                Ok(reply) => Attempt { end: End::Status(reply.status), again: is_passing(reply.status) },
            }
        })
    }
}

/// What Rasa hears of an event; nothing of what it has no word for.
fn message(call: &Call) -> Option<String> {
    let text = |pointer: &str| Value::Object(call.payload.clone()).pointer(pointer)?.as_str().map(str::to_owned);
    match call.name.as_str() {
        "start" => Some(text("/body").or_else(|| text("/media/link")).unwrap_or_else(|| "/session_start".to_owned())),
        "message" => text("/body"),
        "click" => text("/value/id"),
        "media" => text("/link"),
        "location" => {
            let degrees = |name: &str| call.payload.get(name).and_then(Value::as_f64);
            Some(format!("{}, {}", degrees("latitude")?, degrees("longitude")?))
        }
        _ => None,
    }
}

fn read(body: &[u8], cid: &str) -> End {
    let replies: Vec<Value> = match serde_json::from_slice(body) {
        Ok(Value::Array(replies)) => replies,
        Ok(_) => return End::Unreadable("Rasa's answer is no list".to_owned()),
        Err(error) => return End::Unreadable(format!("Rasa's answer is no JSON: {error}")),
    };
    let events: Vec<Value> = replies.iter().flat_map(|reply| events(reply, cid)).collect();
    match batch::answer(Value::Array(events).to_string().as_bytes(), cid) {
        Ok(batch) => End::Batch(batch),
        Err(error) => End::Unreadable(format!("{}: {}", error.code, error.message)),
    }
}

/// The events of one reply: its text or its buttons, then its picture.
fn events(reply: &Value, cid: &str) -> Vec<Value> {
    let event =
        |name: &str, payload: Value| json!({"info": {"cid": cid}, "packet": {"name": name, "payload": payload}});
    let text = reply["text"].as_str().filter(|text| !text.trim().is_empty());
    let buttons = reply["buttons"].as_array().or_else(|| reply["quick_replies"].as_array());
    let options: Vec<Value> = buttons
        .into_iter()
        .flatten()
        .filter_map(|button| {
            let label = button["title"].as_str()?;
            Some(json!({"id": button["payload"].as_str().unwrap_or(label), "label": label}))
        })
        .collect();
    let mut events = Vec::new();
    match (text, options.is_empty()) {
        (text, false) => {
            let body = text.unwrap_or("…");
            events.push(event("bubbles", json!({"body": body, "options": options, "fallback": shortened(body)})));
        }
        (Some(text), true) => events.push(event("message", json!({"body": text}))),
        (None, true) => {}
    }
    if let Some(image) = reply["image"].as_str() {
        events.push(event("media", json!({"link": image})));
    }
    events
}

/// What stands above the numbered list where there are no buttons.
fn shortened(text: &str) -> String {
    text.chars().take(1_000).collect()
}
