//! A turn without effects, for the owner who tries a bot out (B93): which handler, why, and what would be said.

use serde_json::{Map, Value, json};

use super::Bots;
use super::snapshots::compile;
use super::turning::Known;
use crate::domain::bot::document::Document;
use crate::domain::bot::keyboard::{Button, Payload};
use crate::domain::bot::provider::{Incoming, Kind, Provider, Tickets};
use crate::domain::bot::turn::{self, Chat};
use crate::store::bots::Bot;
use crate::store::bots::chats::Partner;

/// What is tried.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What somebody writes.
    pub text: String,
    /// The id of the state that the chat is in.
    pub state: Option<String>,
    /// The provider.
    pub service: Provider,
    /// The state context.
    pub context: Map<String, Value>,
    /// Whether the owner's app is really asked.
    pub call: bool,
}

/// `message` of the templates' context, as the provider's would be (6.3).
fn message(trial: &Trial, now: i64) -> Value {
    let person = json!({"id": 1, "first_name": "Test", "last_name": null, "username": "test"});
    match trial.service {
        Provider::Telegram => json!({
            "update_id": 1,
            "message": {
                "message_id": 1, "date": crate::domain::time::format(now), "text": trial.text, "forward_from": null,
                "from_user": person,
                "chat": {"id": 1, "type": "private", "title": null, "username": "test", "first_name": "Test",
                         "last_name": null},
            },
        }),
        Provider::Kik => json!({"id": "test", "chatId": "test", "from": "test", "participants": ["test"],
                                "body": trial.text, "timestamp": crate::domain::time::format(now), "type": "text"}),
        Provider::Messenger => json!({"sender": "test", "recipient": "page", "text": trial.text,
                                      "timestamp": crate::domain::time::format(now)}),
    }
}

fn button(button: &Button) -> Value {
    match &button.payload {
        Payload::Text(text) => json!({"label": button.label, "payload": text}),
        Payload::Link(link) => json!({"label": button.label, "link": link}),
    }
}

impl Bots {
    /// Tries a configuration out; the trace as JSON, secrets masked.
    pub async fn dry_run(&self, bot: Bot, document: Document, trial: Trial) -> Value {
        let now = self.house.clock.now();
        let mut incoming = Incoming::nothing(trial.service, "1", "1", now);
        incoming.message = message(&trial, now);
        incoming.text = Some(trial.text.clone());
        incoming.kind = Kind::Message;
        incoming.dedup = format!("test:{}", crate::store::bots::new_id());
        let partner = Partner {
            bot: bot.id.clone(),
            provider: trial.service.name().to_owned(),
            chat: "1".to_owned(),
            person: "1".to_owned(),
        };
        let chat = Chat { state: trial.state, context: trial.context, ..Chat::default() };
        let known = Known { bot, partner, chat, tickets: Tickets::default(), variables: Map::new() };
        let ready = compile(document, &self.outbound.seal, 0);
        let facts = self.facts(&ready, &known, incoming, true);
        let selection = turn::select(&ready.snapshot, &known.chat, &facts);
        let decided = self.decide(&ready, &selection, &known, &facts, trial.call).await;
        let replies: Vec<Value> = decided
            .turn
            .replies
            .iter()
            .map(|reply| {
                let keyboard: Vec<Value> = reply.keyboard.iter().map(button).collect();
                json!({"text": reply.text, "keyboard": keyboard, "content": reply.content})
            })
            .collect();
        json!({
            "trace": decided.turn.trace, "called": trial.call && decided.plan.is_some(), "replies": replies,
            "state": decided.turn.trace.to_state, "context": decided.turn.chat.context,
            "errors": decided.turn.errors, "handoff": decided.turn.handoff,
        })
    }
}
