//! The organisation as a decision sees it: a snapshot that the caller takes in the transaction in which it commits.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::settings::{BotSettings, WidgetSettings};
use super::{AccountId, GroupId, Micros, SkillId};

/// Whoever can hold a conversation. Humans and bots share one row of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Assignee {
    /// A human; `operator:5` in words.
    Operator(AccountId),
    /// A bot; `bot:41` in words.
    Bot(AccountId),
}

impl Assignee {
    /// The number.
    pub fn id(self) -> AccountId {
        match self {
            Assignee::Operator(id) | Assignee::Bot(id) => id,
        }
    }

    /// Whether it is a bot.
    pub fn is_bot(self) -> bool {
        matches!(self, Assignee::Bot(_))
    }
}

impl std::fmt::Display for Assignee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Assignee::Operator(id) => write!(f, "operator:{id}"),
            Assignee::Bot(id) => write!(f, "bot:{id}"),
        }
    }
}

/// A snapshot of what a decision may depend on besides the conversation itself.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// The address of the desk, without a slash at its end: what `conversation.url` begins with.
    pub base_url: String,
    /// The groups and their names.
    pub groups: BTreeMap<GroupId, String>,
    /// The skills and their names.
    pub skills: BTreeMap<SkillId, String>,
    /// The topics that conversations can have.
    pub topics: Vec<Topic>,
    /// The custom fields that contacts have.
    pub contact_fields: BTreeSet<String>,
    /// The custom fields that conversations have.
    pub conversation_fields: BTreeSet<String>,
    /// The kinds of the add-ons that are configured.
    pub addons: BTreeSet<String>,
    /// The humans.
    pub operators: BTreeMap<AccountId, Operator>,
    /// The bots, active or not.
    pub bots: BTreeMap<AccountId, Bot>,
    /// The entrance of this conversation.
    pub widget: Widget,
    /// The person on the other side.
    pub contact: Contact,
    /// Who held a conversation of this contact last, not counting who holds this one now.
    pub last_operator: Option<Assignee>,
}

/// A topic of conversations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub text: String,
}

/// A human who can hold conversations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Operator {
    /// The name that staff see.
    pub name: String,
    /// The one group.
    pub group: GroupId,
    /// What they can do.
    pub skills: BTreeSet<SkillId>,
    /// How many conversations they hold at most.
    pub slots: u32,
    /// How many open conversations they hold.
    pub busy: u32,
    /// Whether they are signed in.
    pub online: bool,
    /// Whether they are away.
    pub away: bool,
    /// When they were last given a conversation.
    pub last_given: Option<Micros>,
}

/// A bot that can hold conversations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bot {
    /// How it is set.
    pub settings: BotSettings,
    /// How many live sessions it has.
    pub busy: u32,
    /// When it was last given a conversation.
    pub last_given: Option<Micros>,
}

/// An entrance as it is at this moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Widget {
    /// Its number.
    pub id: i64,
    /// How it is set.
    pub settings: WidgetSettings,
    /// The number of the channel behind it (contract, 16), if it has one.
    pub channel_id: Option<i64>,
    /// The channel's name; the widget's own, if `None`.
    pub channel_name: Option<String>,
    /// Whether this is inside of the service time; `None`: it has none, and so is always inside.
    pub in_service_time: Option<bool>,
    /// Whether the platform still takes messages for this contact: `valid`, `expired` or `blocked` (contract, 8).
    pub channel_state: ChannelState,
}

/// What the contact's channel takes (contract, 8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelState {
    /// Messages.
    #[default]
    Valid,
    /// None: the reply window is closed.
    Expired,
    /// None: the contact blocked us.
    Blocked,
}

/// The person on the other side (contract, 8).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Contact {
    /// The number; `note_create` calls it `contact_identity_id`.
    pub id: i64,
    /// The name.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// Whether the address was proven.
    pub email_verified: bool,
    /// The mobile number, `+` and digits.
    pub mobile_number: Option<String>,
    /// Another number.
    pub phone_number: Option<String>,
    /// The customer's number elsewhere.
    pub external_customer_id: Option<String>,
    /// The company.
    pub company: Option<String>,
    /// The position there.
    pub position: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// The country, two letters.
    pub country: Option<String>,
    /// The language, as `en_US`.
    pub locale: Option<String>,
    /// Whether staff blocked this contact.
    pub is_blocked: bool,
    /// The custom fields that are set.
    pub custom_field_data: Map<String, Value>,
    /// Whether they get campaigns, by channel; no entry: never asked.
    pub campaigns: BTreeMap<i64, bool>,
    /// When we first knew of them.
    pub created_at: Option<Micros>,
    /// When they first wrote.
    pub first_message_sent_at: Option<Micros>,
    /// When they last wrote.
    pub last_message_sent_at: Option<Micros>,
}

/// What changes in a contact; what is `None` stays as it is. Small on purpose: two conversations of one contact may change it
/// at the same time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContactPatch {
    /// The name.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The mobile number, `+` and digits.
    pub mobile_number: Option<String>,
    /// The customer's number elsewhere.
    pub external_customer_id: Option<String>,
    /// Custom fields to set; `null` clears.
    pub custom_fields: Map<String, Value>,
    /// Subscribed to campaigns or not, on this channel.
    pub campaigns: Option<(i64, bool)>,
    /// When they wrote.
    pub wrote_at: Option<Micros>,
}

impl ContactPatch {
    /// Carries the change out.
    pub fn apply(&self, contact: &mut Contact) {
        let set = |field: &mut Option<String>, value: &Option<String>| {
            if value.is_some() {
                field.clone_from(value);
            }
        };
        if self.email.is_some() && self.email != contact.email {
            contact.email_verified = false;
        }
        set(&mut contact.name, &self.name);
        set(&mut contact.email, &self.email);
        set(&mut contact.mobile_number, &self.mobile_number);
        set(&mut contact.external_customer_id, &self.external_customer_id);
        merge(&mut contact.custom_field_data, &self.custom_fields);
        contact.campaigns.extend(self.campaigns);
        if let Some(at) = self.wrote_at {
            contact.first_message_sent_at.get_or_insert(at);
            contact.last_message_sent_at = Some(at);
        }
    }
}

/// Sets the fields that are given; `null` clears (contract, 12.11).
pub fn merge(fields: &mut Map<String, Value>, given: &Map<String, Value>) {
    for (name, value) in given {
        match value {
            Value::Null => fields.remove(name),
            value => fields.insert(name.clone(), value.clone()),
        };
    }
}
