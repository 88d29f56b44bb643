//! The organisation of the vectors as a [`World`], and a conversation in it with a fake bot and a fake clock.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::domain::content::{Content, NoteOn, SystemEntry};
use crate::domain::conversation::batch::{File, FileFailure, Files, MAX_FILE};
use crate::domain::conversation::settings::{BotSettings, WidgetSettings};
use crate::domain::conversation::state::Conversation;
use crate::domain::conversation::step::{By, Call, Effect, Post, Step};
use crate::domain::conversation::world::{Assignee, Bot, Contact, Operator, Topic, Widget, World};

/// A case's own world, laid over the one that all share: objects key by key, anything else replaced.
pub(super) fn laid_over(base: &Value, own: Option<&Value>) -> Value {
    let mut whole = base.clone();
    lay(&mut whole, own.unwrap_or(&json!({})));
    whole
}

fn lay(base: &mut Value, own: &Value) {
    match (base, own) {
        (Value::Object(base), Value::Object(own)) => {
            for (key, value) in own {
                lay(base.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (base, own) => *base = own.clone(),
    }
}

fn keyed<T>(value: &Value, read: impl Fn(&Value) -> T) -> BTreeMap<i64, T> {
    let fields = value.as_object().expect("an object").iter();
    fields.map(|(id, value)| (id.parse().expect("an id"), read(value))).collect()
}

fn names(value: &Value) -> impl Iterator<Item = String> {
    value.as_array().expect("a list").iter().map(|name| name.as_str().expect("a name").to_owned())
}

fn ids<T: FromIterator<i64>>(value: &Value) -> T {
    value.as_array().expect("a list").iter().map(|id| id.as_i64().expect("an id")).collect()
}

fn small(value: &Value) -> u32 {
    u32::try_from(value.as_u64().expect("a number")).expect("a small number")
}

/// The world of the vectors.
pub(super) fn world(value: &Value, now: i64) -> World {
    let last_given = |one: &Value| one["last_given"].as_i64().map(|ago| now - ago * SECOND);
    let operator = |one: &Value| Operator {
        name: text(one, "name").to_owned(),
        group: one["group"].as_i64().expect("a group"),
        skills: ids(&one["skills"]),
        slots: small(&one["slots"]),
        busy: small(&one["busy"]),
        online: one["online"] == true,
        away: one["away"] == true,
        last_given: last_given(one),
    };
    let bot = |one: &Value| Bot {
        settings: BotSettings {
            group_id: one["group"].as_i64().expect("a group"),
            skill_ids: ids(&one["skills"]),
            behavior: serde_json::from_value(one["behavior"].clone()).expect("a behavior"),
            slots: small(&one["slots"]),
            registration_mode: one["registration_mode"] == true,
            timeout: serde_json::from_value(one["timeout"].clone()).expect("a time-out"),
            webhook_url: "https://bot.example/hook".into(),
            active: one["active"] == true,
            ..BotSettings::default()
        },
        busy: small(&one["busy"]),
        last_given: last_given(one),
    };
    let topics = names(&value["topics"]).zip(1..).map(|(text, id)| Topic { id, text });
    let last = value["last_operator"].as_str().and_then(|name| name.split_once(':'));
    World {
        base_url: "https://desk.example".into(),
        groups: keyed(&value["groups"], |name| name.as_str().expect("a name").to_owned()),
        skills: keyed(&value["skills"], |name| name.as_str().expect("a name").to_owned()),
        topics: topics.collect(),
        contact_fields: names(&value["contact_fields"]).collect(),
        conversation_fields: names(&value["conversation_fields"]).collect(),
        addons: names(&value["addons"]).collect(),
        operators: keyed(&value["operators"], operator),
        bots: keyed(&value["bots"], bot),
        widget: widget(&value["widget"]),
        contact: serde_json::from_value::<Contact>(value["contact"].clone()).expect("a contact"),
        last_operator: last.map(|(kind, id)| {
            let id = id.parse().expect("an id");
            if kind == "bot" { Assignee::Bot(id) } else { Assignee::Operator(id) }
        }),
    }
}

fn widget(value: &Value) -> Widget {
    Widget {
        id: value["id"].as_i64().expect("an id"),
        settings: WidgetSettings {
            name: text(value, "name").to_owned(),
            channel: channel(value),
            group_id: value["group"].as_i64().expect("a group"),
            skill_ids: ids(&value["skills"]),
            registration: value["registration"] == true,
            live_timeout: value["live_timeout"].as_u64().map(|_| small(&value["live_timeout"])),
            chatbot_assignment: value["chatbot_assignment"] == true,
            campaigns: value["campaigns"] == true,
            unsubscribe_keyword: text(value, "unsubscribe_keyword").to_owned(),
            choose_label: text(value, "choose_label").to_owned(),
            ..WidgetSettings::default()
        },
        channel_id: value["channel_id"].as_i64(),
        in_service_time: value["in_service_time"].as_bool(),
        ..Widget::default()
    }
}

/// The files that can be fetched.
pub(super) fn files(world: &Value) -> Files {
    let files = world["files"].as_object().expect("files").iter();
    let file = |value: &Value| {
        let size = value["size"].as_u64().expect("a size");
        let mime_type = text(value, "mime_type").to_owned();
        // a client stops reading at the limit, but knows the type by then
        let shown = mime_type.starts_with("image/") || mime_type.starts_with("video/");
        if size > MAX_FILE && shown { Err(FileFailure::TooLarge) } else { Ok(File { mime_type, size }) }
    };
    files.map(|(link, value)| (link.clone(), file(value))).collect()
}

/// A conversation in a house: what the store and the doors do, without either.
pub(super) struct House {
    pub(super) world: World,
    pub(super) state: Conversation,
    pub(super) now: i64,
    /// The calls that were made and not answered, oldest first.
    pub(super) open: Vec<Call>,
    /// The choices that the contact saw, in their order.
    pub(super) choices: Vec<(u64, crate::domain::content::Choice)>,
    /// The sessions there were.
    pub(super) cids: Vec<(String, i64)>,
    /// What went out after the end.
    pub(super) dispatched: Vec<String>,
    thrown: u128,
}

/// What a step was seen to do.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) calls: Vec<Value>,
    pub(super) thread: Vec<Value>,
    pub(super) step: Step,
}

impl House {
    pub(super) fn new(world: World) -> Self {
        let state = Conversation::new(90_233, NOW);
        let (open, choices, cids, dispatched) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { world, state, now: NOW, open, choices, cids, dispatched, thrown: 0 }
    }

    /// Decides and carries out. What is stored is read again each time, as after a crash.
    pub(super) fn take(&mut self, input: Input) -> Seen {
        let stored = serde_json::to_string(&self.state).expect("the state is JSON");
        let mut state: Conversation = serde_json::from_str(&stored).expect("the state reads itself");
        assert_eq!(state, self.state);
        let thrown = &mut self.thrown;
        let mut dice = || {
            *thrown += 1;
            *thrown
        };
        let step = step(&mut state, input, &self.world, self.now, &mut dice);
        self.state = state;
        let mut seen = Seen::default();
        for effect in &step.effects {
            self.carry_out(effect, &mut seen);
        }
        seen.step = step;
        seen
    }

    fn carry_out(&mut self, effect: &Effect, seen: &mut Seen) {
        match effect {
            Effect::Post(post) => {
                if let Some(Content::Choice(choice)) = &post.content {
                    self.choices.push((post.key, choice.clone()));
                }
                seen.thread.push(entry(post));
            }
            Effect::Call(call) => {
                self.open.push(call.clone());
                let info = &call.info;
                seen.calls.push(json!({
                    "name": call.name, "payload": call.payload, "context": info["context"], "cid": info["cid"],
                    "approach_mode": info["approach_mode"], "info": info,
                }));
            }
            Effect::UpdateContact(patch) => patch.apply(&mut self.world.contact),
            Effect::SessionBegan { cid, bot } => self.cids.push((cid.clone(), *bot)),
            Effect::SessionOver { bot, .. } => self.load(Assignee::Bot(*bot), -1),
            Effect::Given { to } => self.load(*to, 1),
            Effect::Released { from } => self.load(*from, -1),
            Effect::Dispatch(dispatch) => self.dispatched.push(dispatch.to_string()),
            // an open call of a session that is over may still be answered; nothing comes of it
            Effect::Cancel { .. } | Effect::AskRegistration | Effect::Typing { .. } | Effect::MarkChoice { .. } => {}
        }
    }

    fn load(&mut self, who: Assignee, by: i32) {
        let busy = match who {
            Assignee::Operator(id) => self.world.operators.get_mut(&id).map(|one| &mut one.busy),
            Assignee::Bot(id) => self.world.bots.get_mut(&id).map(|one| &mut one.busy),
        };
        let busy = busy.expect("somebody of this house");
        *busy = busy.checked_add_signed(by).expect("a slot is freed once");
    }
}

/// An entry as the vectors write it.
fn entry(post: &Post) -> Value {
    let by = match post.by {
        By::Contact => "contact",
        By::Bot(_) => "bot",
        By::System => "system",
    };
    let mut entry = match &post.content {
        None => json!({"kind": "text", "text": post.text}),
        Some(Content::Markdown) => json!({"kind": "text", "text": post.text, "format": "markdown_v1"}),
        Some(Content::Choice(choice)) => {
            let options: Vec<&str> = choice.options.iter().map(|option| option.id.as_str()).collect();
            json!({"kind": "choice", "element": choice.element, "text": post.text, "options": options, "sent_as": choice.sent_as})
        }
        Some(Content::Links { buttons }) => json!({"kind": "buttons", "text": post.text, "buttons": buttons}),
        Some(Content::Media(media)) => json!({"kind": "media", "link": media.link, "caption": media.caption}),
        Some(Content::Location(it)) => json!({"kind": "location", "latitude": it.latitude, "longitude": it.longitude}),
        Some(Content::Navigate { link }) => json!({"kind": "navigate", "link": link}),
        Some(Content::Pick { option, .. }) => json!({"kind": "pick", "option": option, "text": post.text}),
        Some(Content::Note { on: NoteOn::Contact }) => json!({"kind": "note", "text": post.text, "on": "contact"}),
        Some(Content::Note { .. }) => json!({"kind": "note", "text": post.text, "on": "conversation"}),
        Some(Content::System(system)) => system_entry(system, &post.text),
        Some(other) => panic!("no bot makes {other:?}"),
    };
    entry["by"] = by.into();
    entry
}

fn system_entry(entry: &SystemEntry, text: &str) -> Value {
    let (mut written, reason) = match entry {
        SystemEntry::Forwarded { to, bot, reason } => {
            let to = if *bot { Assignee::Bot(*to) } else { Assignee::Operator(*to) };
            (json!({"kind": "forwarded", "to": to.to_string()}), reason)
        }
        SystemEntry::Unassigned { reason } => (json!({"kind": "unassigned"}), reason),
        SystemEntry::Ended { reason } => (json!({"kind": "ended"}), reason),
        SystemEntry::Reopened => (json!({"kind": "reopened"}), &None),
        SystemEntry::BotLeft => (json!({"kind": "bot_left"}), &None),
        SystemEntry::BotUnreachable => (json!({"kind": "bot_unreachable"}), &None),
        SystemEntry::Unsubscribed => (json!({"kind": "text", "text": text}), &None),
    };
    if let Some(reason) = reason {
        written["reason"] = reason.as_str().into();
    }
    written
}
