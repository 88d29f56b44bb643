//! What clients say in a namespace, and what they are told there: joining, sessions, `user_uttered`, `bot_uttered`.

use std::sync::{Arc, Weak};

use serde_json::Value;

use super::Server;
use super::engine::{Broken, Version};
use super::http::parameters;
use super::message::{self, Kind, Message};
use super::session::{Joined, Session};
use crate::actors::doors;
use crate::actors::doors::Say;
use crate::channels::rasa::{Heard, Uttered, Visit, digest, name_of};
use crate::channels::token::Owner;
use crate::channels::{Refused, files};
use crate::domain::content::Content;
use crate::domain::doors::Place;
use crate::domain::form::too_deep;
use crate::domain::{self, reply};
use crate::store::{Connection, StoreError, accounts, door_deliveries, doors as door_rows};

/// The most messages that somebody who comes back is told of what they missed.
const MISSED: usize = 50;
/// The most messages of one look.
const LOOK: i64 = 200;
/// Why somebody may not join.
const UNKNOWN: &str = "Invalid namespace";
const NOT_AUTHORISED: &str = "Not authorized";

impl Server {
    /// Clients of the third generation join `/` without being asked.
    pub(super) fn welcome(&self, session: &Session) {
        if session.version == Version::Three {
            self.join(session, "/", session.query_token.as_deref());
        }
    }

    fn join(&self, session: &Session, namespace: &str, token: Option<&str>) {
        let version = session.version;
        if namespace != "/" && namespace != self.namespace {
            return session.tell(message::refused(version, namespace, UNKNOWN), None);
        }
        let now = self.ground.house.clock.now() / 1_000_000;
        let owner = match &self.verifier {
            None => Some(Owner::default()),
            Some(verifier) => token.and_then(|token| verifier.check(token, now, version == Version::Three)),
        };
        let Some(owner) = owner else {
            return session.tell(message::refused(version, namespace, NOT_AUTHORISED), None);
        };
        let sid = match version {
            Version::Three => session.sid.clone(),
            Version::Four => super::random_id(),
        };
        session.tell(message::joined(version, namespace, &sid), None);
        session.state().joined.insert(namespace.to_owned(), Joined { sid, owner });
    }

    /// Understands a Socket.IO packet.
    pub(super) async fn understand(self: &Arc<Self>, session: &Arc<Session>, text: &str) -> Result<(), Broken> {
        let message = message::read(text)?;
        let joined = session.state().joined.get(&message.namespace).cloned();
        match (message.kind, joined) {
            (Kind::Connect, None) => {
                let in_packet = message.data.as_ref().and_then(|data| data["token"].as_str());
                let in_query = parameters(&message.query).remove("token");
                let token = match session.version {
                    Version::Three => in_query.or_else(|| session.query_token.clone()),
                    Version::Four => in_packet.map(str::to_owned),
                };
                self.join(session, &message.namespace, token.as_deref());
            }
            (Kind::Disconnect, Some(_)) => {
                let mut state = session.state();
                state.joined.remove(&message.namespace);
                if message.namespace == self.namespace {
                    for pump in std::mem::take(&mut state.pumps).into_values() {
                        pump.abort();
                    }
                }
            }
            (Kind::Event, Some(joined)) => self.hear_event(session, &joined, message).await?,
            (Kind::Binary(count), _) => session.state().attachments += count,
            // said twice, or by somebody who is not there
            (Kind::Connect | Kind::Ack, _) | (Kind::Disconnect | Kind::Event, None) => {}
        }
        Ok(())
    }

    async fn hear_event(
        self: &Arc<Self>,
        session: &Arc<Session>,
        joined: &Joined,
        message: Message,
    ) -> Result<(), Broken> {
        let (name, data) = message::event(message.data.as_ref())?;
        let is_heard = message.namespace == self.namespace;
        let done = match name {
            "session_request" if is_heard => self.confirm(session, joined, data).await,
            name if is_heard && name == self.user_event => self.utter(session, joined, data).await,
            _ => Ok(()),
        };
        match (done, message.id) {
            (Ok(()), Some(id)) => session.tell(message::ack(&message.namespace, id), None),
            (Ok(()), None) => {}
            // without an acknowledgement the client knows that nothing was kept
            (Err(refused), _) => tracing::info!(door = self.name, ?refused, "an event was not taken"),
        }
        Ok(())
    }

    /// `session_request`: the id that came, if we gave it to this owner, or a new one.
    async fn confirm(
        self: &Arc<Self>,
        session: &Arc<Session>,
        joined: &Joined,
        data: Option<&Value>,
    ) -> Result<(), Refused> {
        let asked = data.and_then(|data| data["session_id"].as_str());
        let is_ours = |id: &&str| id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let given = || {
            let state = session.state();
            let (_, id) = state.given.as_ref().filter(|(owner, _)| *owner == joined.owner.0)?;
            Some(id.clone())
        };
        let asked = if asked.is_none() { given() } else { asked.filter(is_ours).map(str::to_owned) };
        let fresh: String = rand::random::<[u8; 16]>().iter().map(|byte| format!("{byte:02x}")).collect();
        let (door, owner, now) = (self.name.clone(), joined.owner.0.clone(), self.ground.house.clock.now());
        let choose = move |connection: &mut Connection| {
            if let Some(asked) = asked {
                let key = digest(&asked);
                if door_deliveries::use_session(connection, (&door, &key), owner.as_deref(), now)? {
                    let known = door_rows::find(connection, &door, &key)?;
                    return Ok((asked, known));
                }
            }
            door_deliveries::give_session(connection, (&door, &digest(&fresh)), owner.as_deref(), now)?;
            Ok((fresh, None))
        };
        let (id, known) = self.ground.house.store.write(choose).await?;
        if !session.confirm(digest(&id)) {
            tracing::info!(door = self.name, "too many sessions in one connection");
            return Ok(());
        }
        session.state().given = Some((joined.owner.0.clone(), id.clone()));
        session.tell(message::emit(&self.namespace, "session_confirm", &Value::from(id)), None);
        if let (true, Some(known)) = (self.persistent, known) {
            let read = move |connection: &mut Connection| accounts::get(connection, known.account_id);
            let account = self.ground.house.store.read(read).await?;
            let place = Place { thread: known.thread_id, account, delivered: known.delivered, is_new: false };
            self.pump(session, place, known.conversation);
        }
        Ok(())
    }

    async fn utter(
        self: &Arc<Self>,
        session: &Arc<Session>,
        joined: &Joined,
        data: Option<&Value>,
    ) -> Result<(), Refused> {
        let text = data.and_then(|data| data["message"].as_str());
        let (Some(data), Some(text)) = (data, text) else {
            tracing::info!(door = self.name, "an utterance without a message was dropped");
            return Ok(());
        };
        let conversation = if self.persistent {
            let key = data["session_id"].as_str().map(digest);
            let Some(key) = key.filter(|key| session.state().confirmed.contains(key)) else {
                tracing::info!(door = self.name, "an utterance of a session that was not confirmed was dropped");
                return Ok(());
            };
            key
        } else {
            joined.sid.clone()
        };
        let metadata = data.get(&self.metadata_key).filter(|value| !value.is_null() && !too_deep(value)).cloned();
        let said = Uttered {
            sender: conversation.clone(),
            message: text.trim().to_owned(),
            metadata,
            input_channel: None,
            message_id: name_of(data.get("message_id")),
        };
        let visit = Visit {
            ground: &self.ground,
            common: &self.common,
            door: &self.name,
            durable: false,
            under_way: &self.under_way,
        };
        let place = visit.enter(&conversation, visit.data(&conversation)).await?;
        self.pump(session, place.clone(), conversation.clone());
        match self.pick(&place, &said).await? {
            Some(pick) => {
                doors::say(&self.ground.house, &place, pick).await?;
            }
            None => {
                let (Heard::Committed(_) | Heard::Before) = visit.say(&place, &conversation, &said).await?;
            }
        }
        Ok(())
    }

    /// The choice of an option, if the text is the payload of a button of the last thing that was said to them.
    async fn pick(&self, place: &Place, said: &Uttered) -> Result<Option<Say>, StoreError> {
        // a message with a name of its own may have been said before, and is looked for under it
        if place.delivered == 0 || said.message_id.is_some() {
            return Ok(None);
        }
        let house = &self.ground.house;
        let last = doors::replies(house, place, place.delivered - 1, LOOK).await?.pop();
        let Some(last) = last else { return Ok(None) };
        let Some(Content::Choice(choice)) = &last.content else { return Ok(None) };
        let Some(option) = reply::picked(choice, &said.message) else { return Ok(None) };
        let content = Content::Pick { choice: last.id, option: option.id.clone() };
        let mut meta = serde_json::json!({"input_channel": self.name});
        if let Some(metadata) = &said.metadata {
            meta["metadata"] = metadata.clone();
        }
        Ok(Some(Say { text: option.label.clone(), content: Some(content), meta: Some(meta), ..Say::default() }))
    }

    /// Hands on what is said in a conversation, to this connection, from now on.
    fn pump(self: &Arc<Self>, session: &Arc<Session>, place: Place, conversation: String) {
        let mut state = session.state();
        if state.pumps.contains_key(&conversation) {
            return;
        }
        let pump = hand_on(Arc::downgrade(self), Arc::downgrade(session), place, conversation.clone());
        state.pumps.insert(conversation, tokio::spawn(pump));
    }

    /// The frames of a message; what is handed on with the last of them.
    fn emit(&self, session: &Session, message: &domain::Message, conversation: &str) {
        let house = &self.ground.house;
        let content = (message.text.as_str(), message.content.as_ref());
        let frames = reply::frames(content, &files(house, message), self.common.split_paragraphs);
        let last = frames.len();
        for (at, frame) in frames.into_iter().enumerate() {
            let mark = (at + 1 == last).then(|| (conversation.to_owned(), message.seq));
            session.tell(message::emit(&self.namespace, &self.bot_event, &frame), mark);
        }
    }
}

async fn hand_on(server: Weak<Server>, session: Weak<Session>, place: Place, conversation: String) {
    let (mut after, mut listener) = match server.upgrade() {
        Some(server) => (place.delivered, doors::listen(&server.ground.house, place.thread)),
        None => return,
    };
    let mut is_first = true;
    loop {
        let mut found = Vec::new();
        loop {
            let Some(server) = server.upgrade() else { return };
            let read = doors::replies(&server.ground.house, &place, after, LOOK).await;
            let Ok(more) = read else { break };
            let is_last = i64::try_from(more.len()).unwrap_or(LOOK) < LOOK;
            after = more.last().map_or(after, |message| message.seq);
            found.extend(more);
            if is_first && found.len() > MISSED {
                found.drain(..found.len() - MISSED);
            }
            if is_last || !is_first {
                break;
            }
        }
        is_first = false;
        let is_all = i64::try_from(found.len()).unwrap_or(LOOK) < LOOK;
        {
            let (Some(server), Some(session)) = (server.upgrade(), session.upgrade()) else { return };
            for message in &found {
                server.emit(&session, message, &conversation);
            }
        }
        if is_all {
            listener.heard().await;
        }
    }
}
