//! How bots and widgets are set (contract, 2 and 1).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{GroupId, SkillId};

/// A bot's settings (contract, 2). Group and names are those of operators.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BotSettings {
    /// The first name; required.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// The one group; required.
    pub group_id: GroupId,
    /// What it can do.
    pub skill_ids: BTreeSet<SkillId>,
    /// The picture's address.
    pub picture: Option<String>,
    /// What answers its calls.
    pub kind: BotKind,
    /// The built-in bot that answers, if it is one.
    pub builtin_id: Option<i64>,
    /// When it takes conversations.
    pub behavior: Behavior,
    /// How many conversations at once.
    pub slots: u32,
    /// Whether a contact registers first, if the widget asks for it.
    pub registration_mode: bool,
    /// What becomes of conversations in which both sides are silent.
    pub timeout: Timeout,
    /// Where calls go; empty: nowhere yet.
    pub webhook_url: String,
    /// What is sent with each call. The values are secrets.
    pub webhook_headers: Vec<(String, String)>,
    /// What requests of the bot prove themselves with; empty: it cannot make any. A secret.
    pub api_security_token: String,
    /// Whether it gets conversations.
    pub active: bool,
}

impl Default for BotSettings {
    fn default() -> Self {
        Self {
            first_name: String::new(),
            last_name: String::new(),
            group_id: 0,
            skill_ids: BTreeSet::new(),
            picture: None,
            kind: BotKind::Webhook,
            builtin_id: None,
            behavior: Behavior::Human,
            slots: 50,
            registration_mode: false,
            timeout: Timeout::default(),
            webhook_url: String::new(),
            webhook_headers: Vec::new(),
            api_security_token: String::new(),
            active: false,
        }
    }
}

impl BotSettings {
    /// Whether there is somewhere that its calls can go. Without it a bot gets nothing (contract, 3.2).
    pub fn can_be_called(&self) -> bool {
        match self.kind {
            BotKind::Webhook | BotKind::Rasa => !self.webhook_url.is_empty(),
            BotKind::Builtin => self.builtin_id.is_some(),
        }
    }

    /// Both names, as contacts and staff read them.
    pub fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }
}

/// What answers a bot's calls. The rules treat all alike; only whoever makes the call asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BotKind {
    /// A webhook of this contract; its `type` is `api` there.
    #[default]
    #[serde(rename = "api")]
    Webhook,
    /// A server in Rasa's format.
    Rasa,
    /// A bot of this house.
    Builtin,
}

/// When a bot takes conversations (contract, 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Behavior {
    /// Outside of the widget's service time, like an operator.
    ServiceTime,
    /// If nobody else is available.
    Backup,
    /// In competition with the humans.
    #[default]
    Human,
    /// Every conversation, before anyone else.
    Firewall,
}

/// A bot's time-out (contract, 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timeout {
    /// After how many seconds of silence.
    pub seconds: u32,
    /// What becomes of the conversation.
    pub action: TimeoutAction,
}

impl Default for Timeout {
    fn default() -> Self {
        Self { seconds: 600, action: TimeoutAction::Unassign }
    }
}

/// What becomes of a conversation whose session timed out (contract, 6.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeoutAction {
    /// It ends.
    End,
    /// Nobody has it; it is in the inbox of the bot's group.
    #[default]
    Unassign,
    /// A human of the bot's group gets it.
    Forward,
}

/// A widget's settings (contract, 1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WidgetSettings {
    /// What staff call it.
    pub name: String,
    /// Where its contacts write.
    pub channel: Channel,
    /// The group that gets its conversations.
    pub group_id: GroupId,
    /// The skills that somebody needs to get them, if not empty; then the group does not matter.
    pub skill_ids: BTreeSet<SkillId>,
    /// When humans are there, as the calendar reads it; `None`: always.
    pub service_time: Option<serde_json::Value>,
    /// The language, as `en_US`.
    pub locale: String,
    /// Whether contacts are asked to register.
    pub registration: bool,
    /// The live-conversation timeout in seconds.
    pub live_timeout: Option<u32>,
    /// Whether who comes back is routed anew (contract, 6.4).
    pub chatbot_assignment: bool,
    /// Whether contacts can subscribe to campaigns here (contract, 16).
    pub campaigns: bool,
    /// The word that ends a subscription.
    pub unsubscribe_keyword: String,
    /// What somebody reads whose subscription ended.
    pub unsubscribe_confirmation: String,
    /// The word on the button of lists that were made from `bubbles`.
    pub choose_label: String,
}

impl Default for WidgetSettings {
    fn default() -> Self {
        Self {
            name: String::new(),
            channel: Channel::Web,
            group_id: 0,
            skill_ids: BTreeSet::new(),
            service_time: None,
            locale: "en_US".into(),
            registration: false,
            live_timeout: None,
            chatbot_assignment: true,
            campaigns: false,
            unsubscribe_keyword: "STOP".into(),
            unsubscribe_confirmation: "You will get no more messages of this kind from us.".into(),
            choose_label: "Choose".into(),
        }
    }
}

/// Where a contact writes (contract, 8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The website.
    #[default]
    Web,
    /// Facebook Messenger.
    Facebook,
    /// Telegram.
    Telegram,
    /// Threema.
    Threema,
    /// Text messages.
    Sms,
    /// WhatsApp.
    WhatsappBusiness,
    /// Anything else.
    Custom,
}

impl Channel {
    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }

    /// All of them.
    pub const ALL: [Channel; 7] = [
        Channel::Web,
        Channel::Facebook,
        Channel::Telegram,
        Channel::Threema,
        Channel::Sms,
        Channel::WhatsappBusiness,
        Channel::Custom,
    ];

    /// The name in the contract.
    pub fn name(self) -> &'static str {
        match self {
            Channel::Web => "web",
            Channel::Facebook => "facebook",
            Channel::Telegram => "telegram",
            Channel::Threema => "threema",
            Channel::Sms => "sms",
            Channel::WhatsappBusiness => "whatsapp_business",
            Channel::Custom => "custom",
        }
    }

    /// Whether a choice there stays usable after its first pick (contract, 15).
    pub fn choices_stay(self) -> bool {
        self != Channel::Web
    }
}
