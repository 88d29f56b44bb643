//! What a bot does beyond the reference: time-outs, fallbacks, forms, hand-off, variables, languages, hours.
//!
//! Every field has a default that changes nothing, so a document without any of them is a bot as the contract has it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::document::Response;

/// Of the whole bot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Said when no handler matched and the state has no fallback of its own.
    pub fallback: Option<Response>,
    /// Said when something went wrong; a short apology by default.
    pub error_response: Option<Response>,
    /// Said when a message is of a kind that no handler can match: a picture, a voice note.
    pub unsupported: Option<Response>,
    /// Fallbacks in a row until `on_attempts`; 0: no limit.
    pub max_attempts: u32,
    /// The id of the handler that runs then; none: the chat is handed to people.
    pub on_attempts: Option<String>,
    /// Seconds without a message until `on_timeout`, in states that give none of their own; 0: never.
    pub timeout_s: u32,
    /// The id of the handler that runs then; none: the chat leaves its state.
    pub on_timeout: Option<String>,
    /// Seconds after which a state context that nobody added to is forgotten; 0: never.
    pub context_expiry_s: u32,
    /// Whether `/restart`, `/cancel` and `back` work in every state.
    pub commands: bool,
    /// Whether a turn that failed hands the chat to people.
    pub handoff_on_failure: bool,
    /// The language in which templates are written.
    pub language: Option<String>,
    /// What a chat's language falls back to, before that.
    pub fallback_languages: Vec<String>,
    /// When people are there.
    pub hours: Option<Hours>,
    /// When nothing is said unasked.
    pub quiet: Option<Quiet>,
    /// What `bot.*` begins with.
    pub variables: BTreeMap<String, Value>,
}

/// Of one state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StateSettings {
    /// Seconds without a message until `on_timeout`; none: as the bot; 0: never.
    pub timeout_s: Option<u32>,
    /// The id of the handler that runs then.
    pub on_timeout: Option<String>,
    /// Said when no handler matched.
    pub fallback: Option<Response>,
    /// Fallbacks in a row until `on_attempts`; 0: as the bot.
    pub max_attempts: u32,
    /// The id of the handler that runs then.
    pub on_attempts: Option<String>,
    /// What is asked for, one after the other, in this state.
    pub form: Option<Form>,
}

/// A form: slots that are asked for until all are filled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Form {
    /// What is asked for.
    pub slots: Vec<Slot>,
    /// Words that end it, whatever their case.
    pub cancel_words: Vec<String>,
    /// The id of the handler that runs once all are filled; its templates see `slots`.
    pub on_done: Option<String>,
    /// The id of the handler that runs when it was cancelled; none: the chat leaves the state.
    pub on_cancel: Option<String>,
    /// Wrong answers in a row until the state's or bot's `on_attempts`; 0: no limit.
    pub max_attempts: u32,
}

/// One thing that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Slot {
    /// Its name in `slots`.
    pub name: String,
    /// The question.
    pub prompt: Response,
    /// What is taken.
    pub kind: SlotKind,
    /// A pattern that the answer has to match from end to end, besides.
    pub pattern: Option<String>,
    /// What can be chosen, whatever its case, for `choice`.
    pub choices: Vec<String>,
    /// Said in place of the question when the answer was wrong; none: the question again.
    pub error: Option<Response>,
}

/// What a slot takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotKind {
    /// Any text that is not blank.
    #[default]
    Text,
    /// A number.
    Number,
    /// A whole number.
    Integer,
    /// An e-mail address.
    Email,
    /// A telephone number: 6 to 15 digits.
    Phone,
    /// A date, `YYYY-MM-DD`.
    Date,
    /// One of `choices`.
    Choice,
}

/// What a handler does besides answering.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Action {
    /// Whether the chat goes to people; the bot is silent while they hold it.
    pub handoff: bool,
    /// To which team; a template.
    pub handoff_to: Option<String>,
    /// Whether the conversation is over.
    pub end: bool,
    /// Whether state, state context and `session.*` are forgotten.
    pub restart: bool,
    /// Whether the chat goes back to the state it was in before.
    pub back: bool,
    /// The chat's language from now on; a template.
    pub language: Option<String>,
    /// Variables that are set.
    pub variables: Vec<SetVariable>,
}

/// A variable that is set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SetVariable {
    /// How long and for whom it lives.
    pub scope: Scope,
    /// Its name: letters, digits, `_`.
    pub name: String,
    /// Its value; a template.
    pub value_template: String,
    /// What the text is turned into.
    pub kind: VariableKind,
}

/// For whom a variable lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// This person, for good.
    #[default]
    User,
    /// This person, until a restart.
    Session,
    /// All chats of the bot.
    Bot,
}

/// What a variable's text is turned into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VariableKind {
    /// Nothing: it is a text.
    #[default]
    Text,
    /// A number; what is none becomes null.
    Number,
    /// True for `true`, `yes`, `1`; else false.
    Boolean,
    /// Whatever the text is as JSON; what is none becomes null.
    Json,
}

/// What a response says beyond text and buttons.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Extras {
    /// Milliseconds of typing before it; 30,000 at most.
    pub typing_ms: u32,
    /// Pictures and files, after the text.
    pub media: Vec<MediaTemplate>,
    /// Cards beside each other, after the text.
    pub cards: Vec<CardTemplate>,
    /// Whether the keyboard is shown as a `list`, or as `quick_replies`, where a provider knows them.
    pub shape: Option<String>,
    /// Language → its texts.
    pub translations: BTreeMap<String, Translation>,
}

/// A picture or a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MediaTemplate {
    /// Where it is; a template that gives an http or https address, or nothing.
    pub link: String,
    /// `image`, `video`, `audio` or `file`.
    pub kind: String,
    /// What stands below; a template.
    pub caption: Option<String>,
}

/// A card. All texts are templates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CardTemplate {
    /// The headline.
    pub title: String,
    /// The second line.
    pub subtitle: Option<String>,
    /// A picture's address.
    pub image: Option<String>,
    /// Buttons, as in a keyboard.
    pub keyboard_template: Option<String>,
}

/// A response in another language.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Translation {
    /// The text.
    pub text_template: String,
    /// The keyboard; none: the response's own.
    pub keyboard_template: Option<String>,
}

/// When people are there: a zone, weekly hours, and days off.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hours {
    /// An IANA name; `UTC` when empty.
    pub zone: String,
    /// `monday` … `sunday` → spans.
    pub weekly: BTreeMap<String, Vec<HourSpan>>,
    /// Days off, `YYYY-MM-DD`, or `MM-DD` for every year.
    pub holidays: Vec<String>,
}

/// From when to when on a day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HourSpan {
    /// `HH:MM`, included.
    pub from: String,
    /// `HH:MM`, excluded; `24:00` is the day's end. Before `from`: on the next day.
    pub to: String,
}

/// When nothing is said unasked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quiet {
    /// An IANA name; `UTC` when empty.
    pub zone: String,
    /// From when to when, every day.
    #[serde(flatten)]
    pub span: HourSpan,
}

/// When a hook fires by itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Schedule {
    /// An IANA name; `UTC` when empty.
    pub zone: String,
    /// `HH:MM`, at which times of the day.
    pub times: Vec<String>,
    /// `monday` … `sunday`; none: every day.
    pub weekdays: Vec<String>,
    /// Once only: `YYYY-MM-DDTHH:MM` in the zone.
    pub once: Option<String>,
    /// What stands for the posted JSON.
    pub data: Value,
}
