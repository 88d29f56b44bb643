//! What a step wants done, as one decision: messages, seats, jobs, and the record of the conversation.

use std::collections::BTreeMap;

use serde_json::json;

use super::calls::BOT_CALL;
use super::dispatch::DISPATCH;
use super::files;
use super::take::Scene;
use crate::domain::attachment::NewAttachment;
use crate::domain::content::{Choice, Content, SystemEntry};
use crate::domain::conversation::Key;
use crate::domain::conversation::event::Event;
use crate::domain::conversation::step::{By, Effect, Post};
use crate::domain::conversation::world::Assignee;
use crate::domain::event::{Change, Owed, Own};
use crate::domain::held::{FetchedFile, Held};
use crate::domain::message::NewMessage;
use crate::domain::visibility::STAFF_NOTE;
use crate::domain::{AccountId, Decision, Message, Micros, Permissions, Seat};
use crate::store::{Connection, StoreError, transcripts};

/// The type of what bots and contacts say.
const SAID: &str = "message";
/// The type of what the house notes.
const SYSTEM: &str = "system";

/// A decision, and the typing signs to be shown after it: whose, and for how many microseconds.
#[derive(Debug, Default)]
pub(super) struct Planned {
    pub decision: Decision,
    pub typing: Vec<(AccountId, Micros)>,
}

struct Plan<'a, 's> {
    scene: &'a Scene<'s>,
    connection: &'a mut Connection,
    changes: Vec<Change>,
    /// Where the entries of this step are among the changes.
    made: BTreeMap<Key, usize>,
    held: Held,
    typing: Vec<(AccountId, Micros)>,
    files: BTreeMap<String, FetchedFile>,
}

/// The decision of a step's effects.
pub(super) fn plan(
    connection: &mut Connection,
    scene: &Scene<'_>,
    effects: Vec<Effect>,
) -> Result<Planned, StoreError> {
    let held = Held {
        expect: scene.kept.rev,
        state: scene.state.clone(),
        heard: scene.moved.heard_upto,
        wake: scene.wake,
        contact: scene.kept.contact,
        routed: scene.routed,
        ..Held::default()
    };
    let mut files = scene.kept.files.clone();
    files.extend(scene.moved.files.clone());
    let (changes, made, typing) = (Vec::new(), BTreeMap::new(), Vec::new());
    let mut plan = Plan { scene, connection, changes, made, held, typing, files };
    for effect in effects {
        plan.carry(effect)?;
    }
    plan.keep_waiting_files();
    let Plan { mut changes, held, typing, .. } = plan;
    changes.push(Change::Hold(Box::new(held)));
    Ok(Planned { decision: Decision { expect: Vec::new(), changes, own: Own::First }, typing })
}

impl Plan<'_, '_> {
    fn carry(&mut self, effect: Effect) -> Result<(), StoreError> {
        match effect {
            Effect::Post(post) => return self.post(post),
            Effect::MarkChoice { key, picked, closed } => return self.mark(key, picked, closed),
            Effect::Call(call) => {
                let payload = json!({"thread": self.scene.state.id, "call": call});
                self.owe(BOT_CALL, format!("session:{}", call.cid), payload);
            }
            Effect::Dispatch(what) => {
                let payload = json!({"thread": self.scene.state.id, "what": what});
                self.owe(DISPATCH, format!("dispatch:{}:{what}", self.scene.state.id), payload);
                self.held.dispatched.push(what.to_string());
            }
            Effect::Typing { by, length } => self.typing.push((by, length)),
            Effect::UpdateContact(patch) => self.held.patches.push(patch),
            Effect::SessionBegan { cid, bot } => self.held.began.push((cid, bot)),
            Effect::SessionOver { cid, .. } => self.held.over.push(cid),
            Effect::Given { to } => {
                self.seat(to);
                self.held.given.push(to);
            }
            // the state says it: the card, whose slot is free, which call is open
            Effect::AskRegistration | Effect::Released { .. } | Effect::Cancel { .. } => {}
        }
        Ok(())
    }

    fn owe(&mut self, kind: &'static str, recipient: String, payload: serde_json::Value) {
        self.changes.push(Change::Owe(Owed { kind, recipient, payload, due: self.scene.now }));
    }

    /// Whoever holds the conversation has a seat in it, and keeps it: they said things here.
    fn seat(&mut self, to: Assignee) {
        let put = |change: &Change| matches!(change, Change::PutSeat(seat) if seat.account == to.id());
        if self.scene.members.contains(&to.id()) || self.changes.iter().any(put) {
            return;
        }
        let rights = if to.is_bot() { Permissions::BOT } else { Permissions::OPERATOR };
        let seat = Seat::new(self.scene.state.id, to.id(), rights, self.scene.now);
        self.changes.push(Change::PutSeat(Box::new(seat)));
    }

    fn post(&mut self, post: Post) -> Result<(), StoreError> {
        let Post { key, by, text, mut content, refers } = post;
        if let (Some(Content::Pick { choice, .. }), Some(refers)) = (&mut content, refers)
            && *choice == 0
        {
            *choice = self.stored(refers)?.map_or(0, |message| message.id);
        }
        if let (By::Contact, Some(heard)) = (by, &self.scene.moved.heard) {
            // it stands in the thread already; a number that picks becomes the pick
            if let Some(pick @ Content::Pick { .. }) = content {
                let id = heard.id;
                let content = Some(Box::new(pick));
                self.changes.push(Change::EditMessage { id, text: Some(text), meta: None, content });
            }
            return Ok(());
        }
        let sender = match by {
            By::Contact => Some(self.scene.kept.contact),
            By::Bot(bot) => Some(bot),
            By::System => None,
        };
        let kind = match (&content, by) {
            (Some(Content::Note { .. }), _) => STAFF_NOTE,
            (_, By::System) => SYSTEM,
            _ => SAID,
        };
        let text = match &content {
            Some(Content::System(entry)) if text.is_empty() => words(entry).to_owned(),
            _ => text,
        };
        let attachments = self.attachments(content.as_ref());
        let message = NewMessage {
            sender,
            // names of contacts are their own
            client_id: sender.filter(|_| by != By::Contact).map(|_| self.scene.state.entry_id(key)),
            content,
            attachments,
            unheard: true,
            ..NewMessage::plain(0, kind, text)
        };
        self.made.insert(key, self.changes.len());
        self.changes.push(Change::CreateMessage(Box::new(message)));
        Ok(())
    }

    /// The file behind a picture, film or sound: it was fetched before, and hangs on the message.
    fn attachments(&mut self, content: Option<&Content>) -> Vec<NewAttachment> {
        let Some(Content::Media(media)) = content else { return Vec::new() };
        self.files.get(&media.link).and_then(files::attachment).into_iter().collect()
    }

    fn stored(&mut self, key: Key) -> Result<Option<Message>, StoreError> {
        let name = self.scene.state.entry_id(key);
        transcripts::named(self.connection, self.scene.state.id, &name, self.scene.kept.contact)
    }

    fn mark(&mut self, key: Key, picked: Option<String>, closed: bool) -> Result<(), StoreError> {
        let apply = |choice: &mut Choice| {
            if picked.is_some() {
                choice.picked.clone_from(&picked);
            }
            choice.closed |= closed;
        };
        // one that was made in this very step
        if let Some(Change::CreateMessage(message)) = self.made.get(&key).and_then(|at| self.changes.get_mut(*at)) {
            if let Some(Content::Choice(choice)) = &mut message.content {
                apply(choice);
            }
            return Ok(());
        }
        let Some(message) = self.stored(key)? else { return Ok(()) };
        let id = message.id;
        // marked twice in one step
        let again = self.changes.iter_mut().find_map(|change| match change {
            Change::EditMessage { id: edited, content: Some(content), .. } if *edited == id => Some(content),
            _ => None,
        });
        if let Some(content) = again {
            if let Content::Choice(choice) = &mut **content {
                apply(choice);
            }
            return Ok(());
        }
        let Some(Content::Choice(mut choice)) = message.content else { return Ok(()) };
        apply(&mut choice);
        let content = Some(Box::new(Content::Choice(choice)));
        self.changes.push(Change::EditMessage { id, text: None, meta: None, content });
        Ok(())
    }

    /// Files of events that wait behind a `delay` are kept until then.
    fn keep_waiting_files(&mut self) {
        let session = self.scene.state.session.as_ref();
        let waiting = session.into_iter().flat_map(|session| &session.delayed).flat_map(|rest| &rest.events);
        let links = waiting.filter_map(|(_, event)| match event {
            Event::Media { link, .. } => Some(link.as_str()),
            _ => None,
        });
        let links: Vec<&str> = links.collect();
        let mut files = std::mem::take(&mut self.files);
        files.retain(|link, _| links.contains(&link.as_str()));
        if files != self.scene.kept.files {
            self.held.files = Some(files);
        }
    }
}

/// What somebody reads who does not know such entries.
fn words(entry: &SystemEntry) -> &'static str {
    match entry {
        SystemEntry::Forwarded { bot: true, .. } => "A bot takes over.",
        SystemEntry::Forwarded { .. } => "Somebody takes over.",
        SystemEntry::Unassigned { .. } => "Somebody will be with you as soon as possible.",
        SystemEntry::Ended { .. } => "The conversation has ended.",
        SystemEntry::Reopened => "The conversation goes on.",
        SystemEntry::BotLeft => "The bot has left.",
        SystemEntry::BotUnreachable => "The bot does not answer.",
        SystemEntry::Unsubscribed => "You are unsubscribed.",
    }
}
