//! A built-in bot as its owner configured it: one document, which is stored in versions (bots contract, 3 and 10).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::settings::{Action, Extras, Schedule, Settings, StateSettings};
use crate::domain::Micros;

/// The whole configuration of one bot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Document {
    /// Environment variables.
    pub env: Vec<EnvVar>,
    /// States.
    pub states: Vec<State>,
    /// Handlers, in the order in which they were made.
    pub handlers: Vec<Handler>,
    /// Notification hooks.
    pub hooks: Vec<Hook>,
    /// Everything that the reference does not know: fallbacks, time-outs, forms, languages, hours.
    pub settings: Settings,
}

/// What the API stamps on every object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stamp {
    /// A UUID (version 4), in lower case.
    pub id: String,
    /// When it was made.
    pub created_at: Micros,
    /// When it was last changed.
    pub updated_at: Micros,
}

/// A variable that every template can read (bots contract, 3.3).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EnvVar {
    /// Id and times.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// Its name, unique in the bot.
    pub key: String,
    /// Its value; a secret one is sealed in the store and never leaves it in clear.
    pub value: String,
    /// Whether it is usable in requests only, and never shown.
    #[serde(default)]
    pub secret: bool,
}

/// A state in which a chat can be (3.4).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Id and times.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// Its name, unique in the bot.
    pub name: String,
    /// What it does beyond being one: time-out, fallback, attempts, form.
    #[serde(default)]
    pub settings: StateSettings,
}

/// A handler (3.5).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Handler {
    /// Id and times.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// Its name.
    pub name: String,
    /// Its pattern, as it was written.
    pub pattern: String,
    /// Whether it is a candidate at all.
    pub enabled: bool,
    /// The higher, the earlier it is tried; ties by age.
    pub priority: i64,
    /// The call to the owner's app, if there is one.
    pub request: Option<Request>,
    /// What is said.
    pub response: Response,
    /// The id of the state that the chat is in afterwards.
    pub target_state: Option<String>,
    /// The ids of the states in which it is a candidate; none: in all.
    #[serde(default)]
    pub source_states: Vec<String>,
    /// Whether it is tried before all others, in every state: *menu*, *help* (market, 11).
    #[serde(default)]
    pub global: bool,
    /// Kinds of media that it takes, `any` for all: a message without text is no candidate for patterns.
    #[serde(default)]
    pub media: Vec<String>,
    /// What else it does: hand-off, variables, language, restart, back.
    #[serde(default)]
    pub action: Action,
}

/// A call to the owner's app (3.6).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Id and times.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// A template.
    pub url_template: String,
    /// `Get`, `Post`, `Put`, `Patch` or `Delete`.
    pub method: String,
    /// Any JSON whose strings are templates.
    pub data: Option<Value>,
    /// Added to the query.
    #[serde(default)]
    pub url_parameters: Vec<Parameter>,
    /// Sent as headers.
    #[serde(default)]
    pub header_parameters: Vec<Parameter>,
}

/// A parameter of a call (3.7).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Id and times.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// Its name.
    pub key: String,
    /// A template.
    pub value_template: String,
}

/// What is said (3.5): templates, and what the reference does not know (media, typing, cards, translations).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// The text.
    pub text_template: String,
    /// The keyboard.
    pub keyboard_template: Option<String>,
    /// Media, cards, typing, translations.
    #[serde(default)]
    pub extras: Extras,
}

/// An address to which the owner's programs post (3.9).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hook {
    /// Id and times.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// Its name.
    pub name: String,
    /// The last part of its address: 22 letters and digits.
    pub key: String,
    /// Whether it can be posted to.
    pub enabled: bool,
    /// What is said.
    pub response: Response,
    /// Whom it writes to, in the order in which they were made.
    #[serde(default)]
    pub recipients: Vec<Recipient>,
    /// When it fires by itself.
    #[serde(default)]
    pub schedule: Option<Schedule>,
}

/// One chat that a hook writes to (3.10).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recipient {
    /// Id and times.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// `telegram`, `kik` or `messenger`.
    pub provider: String,
    /// The chat's id, as text.
    pub chat_id: String,
    /// Kik's user name.
    #[serde(default)]
    pub username: Option<String>,
    /// What the owner calls it.
    pub name: String,
}
