//! Settings as they come in over REST: what is wrong is named by field (contract, 2).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::super::form::{Form, TextRule};
use super::super::refusal::FieldErrors;
use super::change::locale;
use super::reader::is_url;
use super::settings::{Behavior, BotKind, BotSettings, Channel, TimeoutAction, WidgetSettings};
use super::{GroupId, SkillId};

/// The groups and skills that there are.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The groups.
    pub groups: BTreeSet<GroupId>,
    /// The skills.
    pub skills: BTreeSet<SkillId>,
    /// The built-in bots.
    pub builtins: BTreeSet<i64>,
}

/// The most headers of a webhook, and the longest value of one in bytes.
const MAX_HEADERS: usize = 20;
const MAX_HEADER: usize = 1_024;
/// What a header must not be named (contract, 2).
const RESERVED: [&str; 5] = ["host", "content-length", "content-type", "transfer-encoding", "connection"];

const NAME: TextRule = TextRule { max: 200, blank: false };
const LAST_NAME: TextRule = TextRule { max: 200, blank: true };
const PICTURE: TextRule = TextRule { max: 2_000, blank: true };
const URL: TextRule = TextRule { max: 2_000, blank: true };

impl BotSettings {
    /// Lays what a body says over these settings. Fields that it does not have stay as they are; a new bot needs
    /// `first_name` and `group_id`. A bot that gets its first address becomes active, unless the body says otherwise; one
    /// that nobody can call is never active.
    ///
    /// # Errors
    /// By field.
    pub fn change(&self, body: &Map<String, Value>, known: &Known) -> Result<BotSettings, FieldErrors> {
        let mut form = Form::new(body);
        let mut new = self.clone();
        read_names(&mut form, &mut new, known);
        if let Some(kind) = form.choice("type", parse::<BotKind>) {
            new.kind = kind;
        }
        if form.has("builtin_id") {
            new.builtin_id = form.id("builtin_id");
            if let Some(id) = new.builtin_id.filter(|id| !known.builtins.contains(id)) {
                form.no_such("builtin_id", id);
            }
        }
        if let Some(behavior) = form.choice("behavior", parse::<Behavior>) {
            new.behavior = behavior;
        }
        if let Some(slots) = ranged(&mut form, "slots", 1, 10_000) {
            new.slots = slots;
        }
        if let Some(mode) = form.boolean("registration_mode") {
            new.registration_mode = mode;
        }
        read_timeout(&mut form, &mut new);
        read_access(&mut form, &mut new);
        read_active(&mut form, self, &mut new);
        if form.errors.is_empty() { Ok(new) } else { Err(form.errors) }
    }
}

fn read_names(form: &mut Form, new: &mut BotSettings, known: &Known) {
    let required = ["first_name", "group_id"];
    for field in required.into_iter().filter(|_| new.first_name.is_empty()) {
        if !form.has(field) {
            form.complain(field, super::super::form::REQUIRED);
        }
    }
    if let Some(name) = form.text("first_name", NAME) {
        new.first_name = name;
    }
    if let Some(name) = form.text("last_name", LAST_NAME) {
        new.last_name = name;
    }
    if let Some(group) = group(form, "group_id", known) {
        new.group_id = group;
    }
    if let Some(skills) = skills(form, "skill_ids", known) {
        new.skill_ids = skills;
    }
    if form.raw("picture").is_some_and(Value::is_null) {
        new.picture = None;
    } else if let Some(picture) = form.text("picture", PICTURE) {
        new.picture = Some(picture).filter(|picture| !picture.is_empty());
    }
}

fn group(form: &mut Form, field: &str, known: &Known) -> Option<GroupId> {
    if form.raw(field).is_some_and(Value::is_null) {
        form.complain(field, super::super::form::NULL);
    }
    let id = form.id(field)?;
    if known.groups.contains(&id) {
        return Some(id);
    }
    form.no_such(field, id);
    None
}

fn skills(form: &mut Form, field: &str, known: &Known) -> Option<BTreeSet<SkillId>> {
    let ids = form.ids(field)?;
    for id in ids.iter().filter(|id| !known.skills.contains(id)) {
        form.no_such(field, *id);
    }
    Some(ids.into_iter().collect())
}

/// A word of the contract, as serde names it.
fn parse<T: serde::de::DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(word.into()).ok()
}

fn ranged(form: &mut Form, field: &str, least: u32, most: u32) -> Option<u32> {
    let number = form.integer(field)?;
    in_range(form, field, number, least, most)
}

fn in_range(form: &mut Form, field: &str, number: i64, least: u32, most: u32) -> Option<u32> {
    if number < i64::from(least) {
        form.complain(field, format!("Ensure this value is greater than or equal to {least}."));
        return None;
    }
    if number > i64::from(most) {
        form.complain(field, format!("Ensure this value is less than or equal to {most}."));
        return None;
    }
    u32::try_from(number).ok()
}

/// `timeout` is an object; each of its keys can be left out.
fn read_timeout(form: &mut Form, new: &mut BotSettings) {
    let Some(value) = form.raw("timeout") else { return };
    let Some(fields) = value.as_object() else {
        return form.complain("timeout", "Expected an object with \"seconds\" and \"action\".");
    };
    let mut inner = Form::new(fields);
    if let Some(seconds) = ranged(&mut inner, "seconds", 60, 2_592_000) {
        new.timeout.seconds = seconds;
    }
    if let Some(action) = inner.choice("action", parse::<TimeoutAction>) {
        new.timeout.action = action;
    }
    for sentence in inner.errors.sentences("") {
        form.complain("timeout", sentence);
    }
}

fn read_access(form: &mut Form, new: &mut BotSettings) {
    if let Some(url) = form.text("webhook_url", URL) {
        if !url.is_empty() && !is_url(&url) {
            form.complain("webhook_url", "Enter a valid URL.");
        }
        new.webhook_url = url;
    }
    if let Some(value) = form.raw("webhook_headers") {
        match headers(value, &new.webhook_headers) {
            Ok(headers) => new.webhook_headers = headers,
            Err(complaint) => form.complain("webhook_headers", complaint),
        }
    }
    if let Some(token) = form.text("api_security_token", TextRule { max: 256, blank: true }) {
        let printable = token.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
        if !token.is_empty() && (token.len() < 16 || !printable) {
            form.complain("api_security_token", "Use 16 to 256 printable ASCII characters.");
        }
        new.api_security_token = token;
    }
}

fn read_active(form: &mut Form, old: &BotSettings, new: &mut BotSettings) {
    match form.boolean("active") {
        Some(true) if !new.can_be_called() => {
            form.complain("active", "A bot that cannot be called cannot be active: set its address first.");
        }
        Some(active) => new.active = active,
        None if !new.can_be_called() => new.active = false,
        None if !old.can_be_called() => new.active = true,
        None => {}
    }
}

/// Reads the headers: an object of names and values, or a list of pairs or of `{"name", "value"}`. A value that is left out
/// or `null` stays what it was, because secrets are not shown and so cannot be sent back.
fn headers(value: &Value, old: &[(String, String)]) -> Result<Vec<(String, String)>, String> {
    let pair = |item: &Value| match item {
        Value::Array(pair) if pair.len() == 2 => Some((pair[0].as_str()?.to_owned(), pair[1].clone())),
        Value::Object(fields) => {
            let value = fields.get("value").cloned().unwrap_or_default();
            Some((fields.get("name")?.as_str()?.to_owned(), value))
        }
        _ => None,
    };
    let pairs: Option<Vec<(String, Value)>> = match value {
        Value::Object(fields) => Some(fields.iter().map(|(name, value)| (name.clone(), value.clone())).collect()),
        Value::Array(items) => items.iter().map(pair).collect(),
        _ => None,
    };
    let pairs = pairs.ok_or("Expected a list of {\"name\", \"value\"}.")?;
    if pairs.len() > MAX_HEADERS {
        return Err(format!("Ensure this field has no more than {MAX_HEADERS} headers."));
    }
    let kept: BTreeMap<&str, &str> = old.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let read = |(name, value): (String, Value)| {
        let value = match value {
            Value::String(value) => value,
            Value::Null => kept.get(name.as_str()).ok_or(format!("\"{name}\" has no value."))?.to_string(),
            _ => return Err(format!("The value of \"{name}\" is not a text.")),
        };
        check_header(&name, &value).map(|()| (name, value))
    };
    pairs.into_iter().map(read).collect()
}

/// What the contract says of one header (2).
///
/// # Errors
/// A sentence that names the header, never its value.
pub fn check_header(name: &str, value: &str) -> Result<(), String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let lower = name.to_ascii_lowercase();
    if name.is_empty() || !name.bytes().all(token) {
        Err(format!("\"{name}\" is not a name of an HTTP header."))
    } else if RESERVED.contains(&lower.as_str()) || lower.starts_with("x-tertulia-") {
        Err(format!("\"{name}\" is set by the server."))
    } else if value.len() > MAX_HEADER {
        Err(format!("The value of \"{name}\" is longer than {MAX_HEADER} bytes."))
    } else if value.contains(['\r', '\n', '\0']) {
        Err(format!("The value of \"{name}\" has a line break or NUL."))
    } else {
        Ok(())
    }
}

/// What staff and logs see of a secret: its last four characters, and nothing at all of a short one.
pub fn masked(secret: &str) -> String {
    let all: Vec<char> = secret.chars().collect();
    match all.len() {
        0 => String::new(),
        1..8 => "••••".into(),
        length => format!("••••{}", all[length - 4..].iter().collect::<String>()),
    }
}

impl WidgetSettings {
    /// Lays what a body says over these settings; a new widget needs `name`, and `group_id` or `skill_ids`.
    ///
    /// # Errors
    /// By field.
    pub fn change(&self, body: &Map<String, Value>, known: &Known) -> Result<WidgetSettings, FieldErrors> {
        let mut form = Form::new(body);
        let mut new = self.clone();
        if self.name.is_empty() && !form.has("name") {
            form.complain("name", super::super::form::REQUIRED);
        }
        if let Some(name) = form.text("name", NAME) {
            new.name = name;
        }
        if let Some(channel) = form.choice("channel", Channel::parse) {
            new.channel = channel;
        }
        if let Some(group) = group(&mut form, "group_id", known) {
            new.group_id = group;
        }
        if let Some(skills) = skills(&mut form, "skill_ids", known) {
            new.skill_ids = skills;
        }
        if new.group_id == 0 && new.skill_ids.is_empty() && !form.errors.has("group_id") {
            form.complain("group_id", super::super::form::REQUIRED);
        }
        read_behavior(&mut form, &mut new);
        read_words(&mut form, &mut new);
        if form.errors.is_empty() { Ok(new) } else { Err(form.errors) }
    }
}

fn read_behavior(form: &mut Form, new: &mut WidgetSettings) {
    if let Some(value) = form.raw("service_time") {
        new.service_time = Some(value.clone()).filter(|value| !value.is_null());
    }
    for (field, setting) in [
        ("registration", &mut new.registration),
        ("chatbot_assignment", &mut new.chatbot_assignment),
        ("campaigns", &mut new.campaigns),
    ] {
        if let Some(on) = form.boolean(field) {
            *setting = on;
        }
    }
    if form.raw("live_timeout").is_some_and(Value::is_null) {
        new.live_timeout = None;
    } else if let Some(seconds) = ranged(form, "live_timeout", 60, 2_592_000) {
        new.live_timeout = Some(seconds);
    }
}

fn read_words(form: &mut Form, new: &mut WidgetSettings) {
    if let Some(text) = form.text("locale", TextRule { max: 20, blank: false }) {
        match locale(&text) {
            Some(locale) => new.locale = locale,
            None => form.complain("locale", "Enter a locale, for example \"en\" or \"en_US\"."),
        }
    }
    for (field, max, setting) in [
        ("unsubscribe_keyword", 100, &mut new.unsubscribe_keyword),
        ("unsubscribe_confirmation", 1_000, &mut new.unsubscribe_confirmation),
        ("choose_label", 20, &mut new.choose_label),
    ] {
        if let Some(text) = form.text(field, TextRule { max, blank: false }) {
            *setting = text;
        }
    }
}
