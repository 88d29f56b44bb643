//! A conversation as it is kept: who holds it, and the session of the bot that does.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::ThreadId;
use super::batch::ApiError;
use super::event::{Element, Event};
use super::limit;
use super::world::{Assignee, Topic};
use super::{AccountId, GroupId, Key, Micros};

/// A conversation. It is stored as one JSON document next to its thread, in the transaction of what changed it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conversation {
    /// The thread that it is.
    pub id: ThreadId,
    /// When it began.
    pub started_at: Micros,
    /// Whether it goes on.
    pub status: Status,
    /// Who holds it.
    pub assignee: Option<Assignee>,
    /// The group in whose inbox it is, while it is in one.
    pub group: Option<GroupId>,
    /// The subject.
    pub subject: Option<String>,
    /// The topics.
    pub topics: Vec<Topic>,
    /// The language, as `en_US`.
    pub locale: Option<String>,
    /// The custom fields that are set.
    pub custom_field_data: Map<String, Value>,
    /// Whether the messenger opened by itself.
    pub approach: Approach,
    /// The page on which the widget was opened.
    pub page: Option<String>,
    /// What the page passed to the widget.
    pub custom: Map<String, Value>,
    /// What goes out once it has ended.
    pub dispatches: Vec<Dispatch>,
    /// Whether it was decided who gets it (contract, 3.3); before, nobody has opened it.
    pub routed: bool,
    /// The bots that had a session since it was last routed by 3.3.
    pub bots_since_routed: BTreeSet<AccountId>,
    /// Whether the contact was asked to register.
    pub registration: Registration,
    /// The last key given to an entry.
    pub last_key: Key,
    /// How many sessions there were, with the live one.
    pub sessions: u32,
    /// The live session.
    pub session: Option<Session>,
}

/// Whether a conversation goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It goes on.
    #[default]
    Open,
    /// It is over, until somebody writes.
    Ended,
}

impl Status {
    /// The name in the contract.
    pub fn name(self) -> &'static str {
        match self {
            Status::Open => "open",
            Status::Ended => "ended",
        }
    }
}

/// How a conversation began (contract, 8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approach {
    /// The contact opened the messenger.
    #[default]
    Normal,
    /// It opened by itself.
    Proactive,
}

/// Whether the contact was asked to register (contract, 5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// It was not decided yet.
    #[default]
    Undecided,
    /// The card is shown.
    Asked,
    /// The card was submitted, or left out for this conversation.
    Settled,
}

/// What goes out once a conversation has ended (contract, 12.17 and 12.18).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", content = "which", rename_all = "snake_case")]
pub enum Dispatch {
    /// The conversation, to an add-on of this kind.
    Addon(String),
    /// The transcript, by mail to an operator.
    EmailOperator(AccountId),
    /// The transcript, by mail to the contact.
    EmailContact,
}

impl std::fmt::Display for Dispatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Dispatch::Addon(kind) => write!(f, "addon:{kind}"),
            Dispatch::EmailOperator(id) => write!(f, "email:operator:{id}"),
            Dispatch::EmailContact => f.write_str("email:contact"),
        }
    }
}

/// The span in which one bot holds the conversation (contract, 6).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// Its name.
    pub cid: String,
    /// The bot.
    pub bot: AccountId,
    /// When it began.
    pub begun_at: Micros,
    /// What the bot last stored.
    pub context: Map<String, Value>,
    /// Whether `start` waits for the registration card.
    pub registering: bool,
    /// Whether `start` was answered by a `2xx`.
    pub started: bool,
    /// The call that is not answered yet.
    pub open: Option<OpenCall>,
    /// The calls that wait their turn, at most [`MAX_WAITING`].
    pub waiting: VecDeque<WaitingCall>,
    /// How many deliveries were named.
    pub deliveries: u64,
    /// How many calls in a row failed so that they count (contract, 7.4).
    pub failures: u32,
    /// The rests of batches that wait behind a `delay`, at most [`MAX_DELAYED`].
    pub delayed: Vec<Delayed>,
    /// When silence ends the session.
    pub clock: Clock,
    /// The choices that were not picked yet, at most [`MAX_CHOICES`].
    pub choices: VecDeque<Key>,
    /// The choice that a number can pick, if the contact's next message is one.
    pub fallback: Option<Fallback>,
    /// The first key of this session's entries.
    pub first_key: Key,
    /// When requests of the last minute came.
    pub requests: VecDeque<Micros>,
}

/// The most events that wait in one session (contract, 7.2).
pub const MAX_WAITING: usize = 100;
/// The most batches that wait behind a `delay`; one more is not held back.
pub const MAX_DELAYED: usize = 100;
/// The most choices of a session that are open at once; one more closes the oldest.
pub const MAX_CHOICES: usize = 100;

/// A call that was made and not answered yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OpenCall {
    /// Its name, the same in every try.
    pub delivery: String,
    /// The event.
    pub event: String,
}

/// A call that waits its turn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WaitingCall {
    /// The event.
    pub event: String,
    /// What it carries.
    pub payload: Map<String, Value>,
}

/// The rest of a batch that waits behind a `delay`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delayed {
    /// When it goes on.
    pub due: Micros,
    /// The events, with the keys of the entries that they will make.
    pub events: VecDeque<(Option<Key>, Event)>,
}

/// The clock of a session (contract, 6.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// It was not started: `start` was not sent.
    #[default]
    Unset,
    /// It runs out at this instant.
    Running(Micros),
    /// It stands still, with this much left in microseconds.
    Standing(Micros),
}

/// A choice that went out as text (contract, 14.3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fallback {
    /// Its entry.
    pub key: Key,
    /// The event that sent it.
    pub element: Element,
    /// Ids and labels, in the order of their numbers.
    pub options: Vec<(String, String)>,
}

impl Conversation {
    /// A conversation that nobody has opened yet.
    pub fn new(id: ThreadId, started_at: Micros) -> Self {
        Self { id, started_at, ..Self::default() }
    }

    /// Whether it is in the inbox (contract, 1).
    pub fn in_inbox(&self) -> bool {
        self.routed && self.status == Status::Open && !self.assignee.is_some_and(Assignee::is_bot)
    }

    /// `live`, `over` or `none`, as the contract's part 20 speaks of the last session.
    pub fn session_state(&self) -> &'static str {
        match (&self.session, self.sessions) {
            (Some(_), _) => "live",
            (None, 0) => "none",
            (None, _) => "over",
        }
    }

    /// The id of an entry: on the wire of bots its `message_id`, in the thread its `client_id`.
    pub fn entry_id(&self, key: Key) -> String {
        format!("m-{}-{key}", self.id)
    }

    /// The key behind such an id, if it is one of this conversation.
    pub fn key_of(&self, entry_id: &str) -> Option<Key> {
        entry_id.strip_prefix("m-")?.strip_prefix(&self.id.to_string())?.strip_prefix('-')?.parse().ok()
    }
}

impl Conversation {
    /// Counts a request of `bot` in the session `cid`: what the API endpoint checks between [`open`](super::batch::open) and
    /// [`read`](super::batch::Envelope::read). The caller has found this conversation by the name, so the session
    /// was of this conversation; whether it was of this bot is looked up there too (`unknown_session`).
    ///
    /// # Errors
    /// `unknown_session`, `session_over`, `rate_limited` (contract, 18).
    pub fn admit(&mut self, cid: &str, bot: AccountId, now: Micros) -> Result<(), ApiError> {
        let session = self.session.as_mut().filter(|session| session.cid == cid);
        let session = session.ok_or_else(|| ApiError::new(410, "session_over", "This session is over."))?;
        if session.bot != bot {
            return Err(ApiError::new(404, "unknown_session", "This bot never had such a session."));
        }
        limit::admit(&mut session.requests, now).map_err(|seconds| ApiError {
            retry_after: Some(seconds),
            ..ApiError::new(429, "rate_limited", "More than 20 requests in 60 seconds name this session.")
        })
    }
}

/// Whether a text has the form of a session's name (contract, 6.1): `^chatbot::[1-9][0-9]*:[0-9a-f]{32}$`.
pub fn is_cid(text: &str) -> bool {
    let Some((bot, secret)) = text.strip_prefix("chatbot::").and_then(|rest| rest.split_once(':')) else {
        return false;
    };
    let number = !bot.is_empty() && !bot.starts_with('0') && bot.bytes().all(|byte| byte.is_ascii_digit());
    let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    number && secret.len() == 32 && secret.bytes().all(hexadecimal)
}
