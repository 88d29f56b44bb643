//! The three providers, pure: what came in becomes [`Incoming`], what goes out becomes [`Call`]s (bots contract, 4, 7.3, 8).
//!
//! Nothing here knows a token: a call is kept and retried without credentials, and gets them when it is [addressed](Call::wire).

mod kik;
mod limits;
mod messenger;
mod reading;
mod telegram;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use limits::Limits;

use super::turn::Reply;
use crate::domain::Micros;

/// A provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Telegram.
    Telegram,
    /// Kik.
    Kik,
    /// Facebook Messenger.
    Messenger,
}

impl Provider {
    /// All, in the order in which hooks send (contract, 9).
    pub const ALL: [Self; 3] = [Self::Telegram, Self::Kik, Self::Messenger];

    /// Its name: `service` in templates, and in paths.
    pub fn name(self) -> &'static str {
        match self {
            Self::Telegram => "telegram",
            Self::Kik => "kik",
            Self::Messenger => "messenger",
        }
    }

    /// The provider of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.name() == name)
    }
}

/// What kind of thing came in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A text.
    #[default]
    Message,
    /// A button was pressed.
    Callback,
    /// The chat was begun (read as `/start`).
    Start,
    /// Something without a text: a picture, a voice note, a sticker.
    Media,
}

/// A name as the provider tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// First name.
    pub first: Option<String>,
    /// Last name.
    pub last: Option<String>,
    /// User name.
    pub username: Option<String>,
}

/// A file that came in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MediaIn {
    /// `image`, `video`, `audio`, `file`, `sticker`, `location`, `contact`.
    pub kind: String,
    /// The provider's own id of the file.
    pub file_id: Option<String>,
    /// Its address, where the provider gives one.
    pub url: Option<String>,
    /// Its media type without parameters.
    pub mime_type: Option<String>,
}

/// One thing that one person did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incoming {
    /// Where it came from.
    pub provider: Provider,
    /// What is the same when the provider sends it again; unique per integration.
    pub dedup: String,
    /// The chat's id, as text.
    pub chat: String,
    /// The person's id, as text; of Messenger the same as the chat's.
    pub user: String,
    /// What is matched; none for media.
    pub text: Option<String>,
    /// What kind of thing it is.
    pub kind: Kind,
    /// `message` of the templates' context (6.3).
    pub message: Value,
    /// Telegram: the message that is answered.
    pub reply_to: Option<i64>,
    /// Telegram: the callback that is to be answered, so that the button stops spinning (B35).
    pub callback: Option<String>,
    /// Who it is.
    pub names: Names,
    /// Telegram: `{id, type, title, username, first_name, last_name}` of the chat.
    pub room: Value,
    /// Files.
    pub media: Vec<MediaIn>,
    /// When it was sent.
    pub at: Micros,
}

/// What one body held, each item judged by itself (B38).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// What was understood, in order.
    pub incoming: Vec<Incoming>,
    /// Field errors of the first item that was not: field → list of messages, nested as the body is.
    pub errors: Option<Value>,
}

impl Batch {
    fn one(incoming: Incoming) -> Self {
        Self { incoming: vec![incoming], errors: None }
    }

    fn refused_with(errors: Value) -> Self {
        Self { incoming: Vec::new(), errors: Some(errors) }
    }

    /// The body of a 400: errors, unless something was understood besides.
    pub fn refused(&self) -> Option<&Value> {
        self.errors.as_ref().filter(|_| self.incoming.is_empty())
    }
}

/// Reads a provider's body (contract, 4). Never panics, whatever the body.
pub fn parse(provider: Provider, body: &Value) -> Batch {
    match provider {
        Provider::Telegram => telegram::parse(body),
        Provider::Kik => kik::parse(body),
        Provider::Messenger => messenger::parse(body),
    }
}

/// Whom a reply goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Through which provider.
    pub provider: Provider,
    /// The chat.
    pub chat: String,
    /// The person; Kik wants their user name.
    pub user: String,
    /// Telegram: the message that is answered; none for hooks.
    pub reply_to: Option<i64>,
}

impl Incoming {
    /// What a time-out and a hook have in place of a message.
    pub fn nothing(provider: Provider, chat: &str, user: &str, now: Micros) -> Self {
        Self {
            provider,
            dedup: String::new(),
            chat: chat.to_owned(),
            user: user.to_owned(),
            text: None,
            kind: Kind::Message,
            message: Value::Null,
            reply_to: None,
            callback: None,
            names: Names::default(),
            room: Value::Null,
            media: Vec::new(),
            at: now,
        }
    }

    /// Where the answer goes.
    pub fn address(&self) -> Address {
        Address { provider: self.provider, chat: self.chat.clone(), user: self.user.clone(), reply_to: self.reply_to }
    }
}

/// The most that is remembered per chat.
const MAX_TICKETS: usize = 300;

/// What the buttons of one chat stand for where a provider cannot carry it (B73, B74). Kept per bot, provider and chat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tickets {
    next: u64,
    long: VecDeque<(String, String)>,
    labels: Vec<(String, String)>,
}

impl Tickets {
    /// What the provider is given for a payload of more than `limit` bytes.
    fn issue(&mut self, payload: &str, limit: usize) -> String {
        if payload.len() <= limit && !payload.is_empty() && !payload.starts_with("~ticket:") {
            return payload.to_owned();
        }
        if let Some((ticket, _)) = self.long.iter().find(|(_, known)| known == payload) {
            return ticket.clone();
        }
        self.next = self.next.wrapping_add(1);
        let ticket = format!("~ticket:{}", self.next);
        self.long.push_back((ticket.clone(), payload.to_owned()));
        while self.long.len() > MAX_TICKETS {
            self.long.pop_front();
        }
        ticket
    }

    /// Puts back what a button stands for, before anything is matched.
    pub fn restore(&self, incoming: &mut Incoming) {
        let Some(text) = &incoming.text else { return };
        let known = match incoming.provider {
            Provider::Telegram if incoming.kind == Kind::Callback => {
                self.long.iter().find(|(ticket, _)| ticket == text)
            }
            Provider::Kik => self.labels.iter().find(|(label, _)| label == text),
            _ => None,
        };
        let Some((_, payload)) = known else { return };
        let payload = payload.clone();
        if let Some(data) = incoming.message.pointer_mut("/callback_query/data") {
            *data = Value::String(payload.clone());
        }
        incoming.text = Some(payload);
    }
}

/// One call to a provider, without credentials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Whom it goes to.
    pub provider: Provider,
    /// `sendMessage`, `setWebhook`, `getMe`, `answerCallbackQuery`, `sendChatAction`, `sendPhoto` …; `message`, `config`;
    /// `messages`, `subscribed_apps`.
    pub name: String,
    /// The body.
    pub json: Value,
}

/// What opens a provider's door.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// The token of Telegram or Messenger.
    Token(String),
    /// Kik's.
    Basic {
        /// The bot's user name.
        username: String,
        /// Its key.
        api_key: String,
    },
}

/// A call as it goes over the wire.
#[derive(Clone, PartialEq)]
pub struct WireCall {
    /// `POST`, always.
    pub method: &'static str,
    /// Where to, with the token in it: not to be logged.
    pub url: String,
    /// User name and password.
    pub basic: Option<(String, String)>,
    /// The body.
    pub json: Value,
}

impl Call {
    /// Addresses the call: `base` is the provider's address without a slash at the end, `version` Messenger's (`v2.6`).
    pub fn wire(&self, base: &str, version: &str, credentials: &Credentials) -> WireCall {
        let (base, name) = (base.trim_end_matches('/'), &self.name);
        let (url, basic) = match (self.provider, credentials) {
            (Provider::Telegram, Credentials::Token(token)) => (format!("{base}/bot{token}/{name}"), None),
            (Provider::Messenger, Credentials::Token(token)) => {
                let token = super::turn::percent_encode(token, false);
                (format!("{base}/{version}/me/{name}?access_token={token}"), None)
            }
            (_, Credentials::Basic { username, api_key }) => {
                (format!("{base}/v1/{name}"), Some((username.clone(), api_key.clone())))
            }
            (Provider::Kik, Credentials::Token(_)) => (format!("{base}/v1/{name}"), None),
        };
        WireCall { method: "POST", url, basic, json: self.json.clone() }
    }
}

/// The calls that bring a reply to a person: parts in order, the keyboard where the provider wants it (7.3, 8). An empty
/// reply makes no call (B77).
pub fn reply(limits: &Limits, to: &Address, reply: &Reply, tickets: &mut Tickets) -> Vec<Call> {
    match to.provider {
        Provider::Telegram => telegram::reply(limits, to, reply, tickets),
        Provider::Kik => kik::reply(limits, to, reply, tickets),
        Provider::Messenger => messenger::reply(limits, to, reply),
    }
}

/// The call that shows that the bot is writing, and ends by itself.
pub fn typing(to: &Address) -> Option<Call> {
    match to.provider {
        Provider::Telegram => Some(telegram::typing(to)),
        Provider::Messenger => Some(messenger::typing(to)),
        Provider::Kik => Some(kik::typing(to)),
    }
}

/// The call that answers a pressed button, so that it stops spinning (B35).
pub fn answer_callback(incoming: &Incoming) -> Option<Call> {
    incoming.callback.as_deref().map(telegram::answer_callback)
}

/// The calls that are made when an integration is saved (3.2): `hook` is its address while it is enabled, none when the
/// webhook is to be unset; `secret` is what Telegram is to show when it calls (B10). Telegram's token is checked first (B9).
pub fn webhook(provider: Provider, hook: Option<&str>, secret: &str) -> Vec<Call> {
    match provider {
        Provider::Telegram => vec![telegram::get_me(), telegram::set_webhook(hook, secret)],
        Provider::Kik => vec![kik::config(hook)],
        Provider::Messenger => vec![messenger::subscribe()],
    }
}

/// The same message without marks, for when Telegram says that it cannot parse them (B80).
pub fn plain(call: &Call) -> Call {
    telegram::plain(call)
}
