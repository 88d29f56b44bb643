//! The events that a bot can trigger (contract, 12).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::content::{ChoiceOption, Link};
use super::batch::File;

/// An event, well-formed: phase 1 is done with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", content = "payload", rename_all = "snake_case")]
pub enum Event {
    /// 12.1
    Message {
        /// The text.
        body: String,
        /// Whether it is `markdown_v1`.
        markdown: bool,
    },
    /// 12.2 to 12.5
    Choice(ChoiceEvent),
    /// 12.6 and 12.7
    Buttons {
        /// Whether it came as the deprecated `button`.
        single: bool,
        /// The text; only a `button` can be without.
        body: Option<String>,
        /// The buttons.
        buttons: Vec<Link>,
    },
    /// 12.8
    Media {
        /// Where the file is.
        link: String,
        /// What stands below it.
        caption: Option<String>,
        /// What was found there, once it was fetched.
        file: Option<File>,
    },
    /// 12.9
    Navigate {
        /// An address, or a path.
        link: String,
    },
    /// 12.10
    Delay {
        /// For how many microseconds.
        micros: i64,
        /// Whether the contact sees a typing sign.
        typing: bool,
    },
    /// 12.11
    ContactUpdate(ContactUpdate),
    /// 12.12
    Abort,
    /// 12.13
    End,
    /// 12.14
    Forward {
        /// To whom.
        to: ForwardTo,
        /// Whether the bot wants to hear of it if nobody can take it.
        feedback: bool,
    },
    /// 12.15
    NoteCreate {
        /// The note.
        body: String,
        /// On which contact; `None`: on the conversation.
        contact_identity_id: Option<i64>,
    },
    /// 12.16
    ConversationUpdate(ConversationUpdate),
    /// 12.17
    AddonDispatch {
        /// The kind of add-on.
        addon_type: String,
    },
    /// 12.18
    EmailDispatch {
        /// The operator; `None`: the contact.
        operator_id: Option<i64>,
    },
}

impl Event {
    /// The name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Event::Message { .. } => "message",
            Event::Choice(choice) => choice.element.name(),
            Event::Buttons { single: true, .. } => "button",
            Event::Buttons { .. } => "buttons",
            Event::Media { .. } => "media",
            Event::Navigate { .. } => "navigate",
            Event::Delay { .. } => "delay",
            Event::ContactUpdate(_) => "contact_update",
            Event::Abort => "abort",
            Event::End => "end",
            Event::Forward { to: ForwardTo::Group(_), .. } => "forward_group",
            Event::Forward { to: ForwardTo::Skills(_), .. } => "forward_skills",
            Event::Forward { to: ForwardTo::Any, .. } => "forward_any",
            Event::NoteCreate { .. } => "note_create",
            Event::ConversationUpdate(_) => "conversation_update",
            Event::AddonDispatch { .. } => "addon_dispatch",
            Event::EmailDispatch { .. } => "email_dispatch",
        }
    }
}

/// A choice as the bot sent it (contract, 12.2 to 12.5).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChoiceEvent {
    /// Which event.
    pub element: Element,
    /// What stands above the options.
    pub body: String,
    /// What can be chosen.
    pub options: Vec<ChoiceOption>,
    /// What stands above the numbered list where there are no buttons.
    pub fallback: String,
    /// What stands above the body: an object of a `button_template`, a text of a `list_template`.
    pub header: Option<Value>,
    /// What was found behind the header's link, once it was fetched.
    pub header_file: Option<File>,
    /// What stands below the body.
    pub footer: Option<String>,
    /// The word on the button that opens a list.
    pub button: Option<String>,
    /// The headline above a list's options.
    pub title: Option<String>,
}

/// The events that send choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Element {
    /// 12.2
    Bubbles,
    /// 12.3
    Carousel,
    /// 12.4
    ButtonTemplate,
    /// 12.5
    ListTemplate,
}

impl Element {
    /// The event's name.
    pub fn name(self) -> &'static str {
        match self {
            Element::Bubbles => "bubbles",
            Element::Carousel => "carousel",
            Element::ButtonTemplate => "button_template",
            Element::ListTemplate => "list_template",
        }
    }
}

/// To whom a bot hands over (contract, 12.14).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForwardTo {
    /// `forward_group`
    Group(i64),
    /// `forward_skills`
    Skills(Vec<i64>),
    /// `forward_any`
    Any,
}

/// What a bot changes in the contact (contract, 12.11).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContactUpdate {
    /// The name.
    pub name: Option<String>,
    /// The e-mail address, of any form.
    pub email: Option<String>,
    /// The mobile number, of any form.
    pub mobile_number: Option<String>,
    /// The customer's number elsewhere.
    pub external_customer_id: Option<String>,
    /// Custom fields to set; `null` clears.
    pub custom_fields: Option<Map<String, Value>>,
    /// Subscribe or unsubscribe.
    pub campaigns: Option<bool>,
}

/// What a bot changes in the conversation (contract, 12.16).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConversationUpdate {
    /// The subject.
    pub subject: Option<String>,
    /// The names of the topics.
    pub topics: Option<Vec<String>>,
    /// The language, of any form.
    pub locale: Option<String>,
    /// Custom fields to set; `null` clears.
    pub custom_fields: Option<Map<String, Value>>,
}
