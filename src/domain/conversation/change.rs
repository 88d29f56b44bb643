//! What bots may change in contacts and conversations: values are checked here, in phase 3 (contract, 12.11 and 12.16).
//! One bad key fails the event whole.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::event::{ContactUpdate, ConversationUpdate};
use super::world::{ContactPatch, Topic, World};

/// The change of a contact.
///
/// # Errors
/// `invalid_email`, `invalid_mobile_number`, `unknown_custom_field`, `no_campaign_channel`.
pub fn contact_patch(update: &ContactUpdate, world: &World) -> Result<ContactPatch, &'static str> {
    if update.email.as_deref().is_some_and(|email| !is_email(email)) {
        return Err("invalid_email");
    }
    let mobile_number = match update.mobile_number.as_deref().map(mobile_number) {
        Some(None) => return Err("invalid_mobile_number"),
        Some(number) => number,
        None => None,
    };
    let custom_fields = custom_fields(update.custom_fields.as_ref(), &world.contact_fields)?;
    let channel = world.widget.channel_id.filter(|_| world.widget.settings.campaigns);
    let campaigns = match update.campaigns {
        Some(subscribed) => Some((channel.ok_or("no_campaign_channel")?, subscribed)),
        None => None,
    };
    Ok(ContactPatch {
        name: update.name.clone(),
        email: update.email.clone(),
        mobile_number,
        external_customer_id: update.external_customer_id.clone(),
        custom_fields,
        campaigns,
        wrote_at: None,
    })
}

/// The change of a conversation, checked.
#[derive(Debug, Default)]
pub struct ConversationChange {
    /// The subject.
    pub subject: Option<String>,
    /// The topics, instead of those before.
    pub topics: Option<Vec<Topic>>,
    /// The language, as `en_US`.
    pub locale: Option<String>,
    /// Custom fields to set; `null` clears.
    pub custom_fields: Map<String, Value>,
}

/// The change of a conversation.
///
/// # Errors
/// `unknown_topic`, `invalid_locale`, `unknown_custom_field`.
pub fn check_conversation(update: &ConversationUpdate, world: &World) -> Result<ConversationChange, &'static str> {
    let topics = update.topics.as_ref().map(|names| topics(names, world)).transpose()?;
    let locale = match update.locale.as_deref().map(locale) {
        Some(None) => return Err("invalid_locale"),
        Some(locale) => locale,
        None => None,
    };
    let custom_fields = custom_fields(update.custom_fields.as_ref(), &world.conversation_fields)?;
    Ok(ConversationChange { subject: update.subject.clone(), topics, locale, custom_fields })
}

/// The topics of these names, each once.
fn topics(names: &[String], world: &World) -> Result<Vec<Topic>, &'static str> {
    let mut topics: Vec<Topic> = Vec::new();
    for name in names {
        let topic = world.topics.iter().find(|topic| topic.text == *name).ok_or("unknown_topic")?;
        if !topics.contains(topic) {
            topics.push(topic.clone());
        }
    }
    Ok(topics)
}

fn custom_fields(
    given: Option<&Map<String, Value>>,
    known: &BTreeSet<String>,
) -> Result<Map<String, Value>, &'static str> {
    let given = given.cloned().unwrap_or_default();
    if given.keys().all(|name| known.contains(name)) { Ok(given) } else { Err("unknown_custom_field") }
}

/// Whether a text is an address, by the pattern `^[^@\s]+@[^@\s]+\.[^@\s.]+$`.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let Some((host, last)) = domain.rsplit_once('.') else { return false };
    !local.is_empty()
        && !host.is_empty()
        && !last.is_empty()
        && !domain.contains('@')
        && !text.contains(char::is_whitespace)
}

/// A mobile number as it is kept: `+` and 7 to 15 digits, once blanks, hyphens, slashes and brackets are left out.
pub fn mobile_number(text: &str) -> Option<String> {
    let number: String = text.chars().filter(|one| !" \u{a0}-/()[]".contains(*one)).collect();
    let digits = number.strip_prefix('+')?;
    let right = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    right.then_some(number)
}

/// A language as it is kept: `ll` or `ll_CC`; `-` is read as `_`.
pub fn locale(text: &str) -> Option<String> {
    let text = text.replace('-', "_");
    let (language, country) = text.split_once('_').map_or((text.as_str(), None), |(one, two)| (one, Some(two)));
    let two = |part: &str, right: fn(&u8) -> bool| part.len() == 2 && part.as_bytes().iter().all(right);
    let right = two(language, u8::is_ascii_lowercase) && country.is_none_or(|it| two(it, u8::is_ascii_uppercase));
    right.then_some(text)
}
