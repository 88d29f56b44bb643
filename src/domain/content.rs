//! What a message says beyond its text: choices, links, cards, media, places, and what the house itself notes in a thread.
//!
//! This is the one neutral form in which every bot, operator and channel speaks (bot-webhooks contract, 12 and 20; channels
//! contract, 4). `Message::text` always has what somebody reads who sees nothing of it; a channel renders as much of the
//! rest as it can. Members cannot post content of their own: it comes from bots, from picks and from the house.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AccountId, MessageId};

/// Content of a message; on the wire an object with `kind`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// A text with marks (bot-webhooks contract, 14.4); plain texts have no content.
    Markdown,
    /// Something to choose from.
    Choice(Choice),
    /// Buttons that open addresses; nothing comes back.
    Links {
        /// Which.
        buttons: Vec<Link>,
    },
    /// A picture, a film, a sound, a file.
    Media(Media),
    /// A place.
    Location(Location),
    /// The page of the contact is to go there; only the website does it.
    Navigate {
        /// An http(s) address, or a path of the page's own site.
        link: String,
    },
    /// Cards beside each other.
    Cards {
        /// Which.
        cards: Vec<Card>,
    },
    /// Something for one channel only, in that channel's own words (channels contract, 4.5).
    Custom {
        /// The object.
        custom: Value,
    },
    /// The contact chose an option of a choice.
    Pick {
        /// The choice's message.
        choice: MessageId,
        /// The option's id.
        option: String,
    },
    /// What became of the conversation, noted by the house.
    System(SystemEntry),
    /// Only staff see it.
    Note {
        /// On what.
        on: NoteOn,
    },
}

/// A choice (bot-webhooks contract, 12.2 to 12.5 and 15).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The name of the event that sent it: `bubbles`, `carousel`, `button_template`, `list_template`; `buttons` and
    /// `quick_replies` for those in Rasa's format.
    pub element: String,
    /// In which form the contact's channel shows it: `bubbles`, `carousel`, `button_template`, `list_template`,
    /// `quick_replies` or `text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_as: Option<String>,
    /// What can be chosen.
    pub options: Vec<ChoiceOption>,
    /// What stands above the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<Value>,
    /// What stands below the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer: Option<String>,
    /// The word on the button that opens a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub button: Option<String>,
    /// The headline above a list's options.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What stands above the numbered list where there are no buttons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// The option that was chosen, once one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picked: Option<String>,
    /// Whether it can be answered no more although nothing was chosen, as after its session's end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
}

/// One option of a choice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChoiceOption {
    /// What the bot hears: its id, or its payload in Rasa's format.
    pub id: String,
    /// What the contact reads.
    pub label: String,
    /// A picture's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// A second line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// An address that it opens; nothing comes back then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// A button that opens an address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// What it says.
    pub label: String,
    /// Where it leads: http or https.
    pub link: String,
}

/// A file that is shown by its address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Media {
    /// Where it is.
    pub link: String,
    /// `image`, `video`, `audio` or `file`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its media type, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<i64>,
    /// What stands below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
}

/// A place on earth.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// A card: Rasa's *element*.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Its headline.
    pub title: String,
    /// Its second line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
    /// Its picture's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Its buttons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<ChoiceOption>,
    /// What a click on the card itself does, as the bot wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_action: Option<Value>,
}

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteOn {
    /// The conversation.
    Conversation,
    /// The person.
    Contact,
}

/// What became of a conversation (bot-webhooks contract, 20, thread entries).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum SystemEntry {
    /// Somebody has it now.
    Forwarded {
        /// Who.
        to: AccountId,
        /// Whether that is a bot.
        bot: bool,
        /// Why, if it was not the bot's own doing: `timeout`, `take_over`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Nobody has it.
    Unassigned {
        /// Why: `nobody_available`, `timeout`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// It is over.
    Ended {
        /// Why, if it was not the bot's own doing: `timeout`, `contact`, `operator`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// It was over, and goes on.
    Reopened,
    /// The bot stepped out.
    BotLeft,
    /// The bot could not be reached.
    BotUnreachable,
    /// The contact wrote the word that ends a subscription.
    Unsubscribed,
}
