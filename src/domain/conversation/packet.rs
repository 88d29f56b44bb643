//! What a webhook call says: the `info` object and the packet (contract, 7 to 9).

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde_json::{Map, Value, json};

use super::super::content::{Location, Media};
use super::Micros;
use super::state::{Approach, Conversation};
use super::step::Call;
use super::world::{Contact, World};

const MILLIS: DateTimePrinter = DateTimePrinter::new().precision(Some(3));

impl Call {
    /// The body, as it is sent.
    pub fn body(&self) -> Value {
        json!({"info": self.info, "packet": {"name": self.name, "payload": self.payload}})
    }
}

/// An instant as bots read it: ISO 8601 with milliseconds and `Z`.
pub fn instant(at: Micros) -> String {
    // what lies outside of the calendar (which no clock gives) is written as the calendar's end
    MILLIS.timestamp_to_string(&Timestamp::from_microsecond(at).unwrap_or(Timestamp::MAX))
}

/// The `info` object as it is now (contract, 8): every key is there; what is not known is `null`.
pub fn info(state: &Conversation, world: &World, contact: &Contact) -> Value {
    let session = state.session.as_ref();
    json!({
        "approach_mode": match state.approach { Approach::Normal => "normal", Approach::Proactive => "proactive" },
        "cid": session.map(|session| &session.cid),
        "contact": contact_info(contact),
        "context": session.map(|session| &session.context),
        "conversation": conversation_info(state, world),
        "widget": widget_info(state, world),
    })
}

fn contact_info(contact: &Contact) -> Value {
    json!({
        "id": contact.id,
        "name": contact.name,
        "email": contact.email,
        "email_verified": contact.email_verified,
        "mobile_number": contact.mobile_number,
        "phone_number": contact.phone_number,
        "external_customer_id": contact.external_customer_id,
        "company": contact.company,
        "position": contact.position,
        "city": contact.city,
        "country": contact.country,
        "locale": contact.locale,
        "custom_field_data": contact.custom_field_data,
        "is_blocked": contact.is_blocked,
        "created_at": contact.created_at.map(instant),
        "first_message_sent_at": contact.first_message_sent_at.map(instant),
        "last_message_sent_at": contact.last_message_sent_at.map(instant),
    })
}

fn conversation_info(state: &Conversation, world: &World) -> Value {
    let group = state.group.and_then(|id| Some(json!({"id": id, "name": world.groups.get(&id)?})));
    json!({
        "id": state.id,
        "url": format!("{}/conversations/{}", world.base_url, state.id),
        "status": state.status.name(),
        "subject": state.subject,
        "topics": state.topics,
        "locale": state.locale,
        "custom_field_data": state.custom_field_data,
        "group": group,
        "started_at": instant(state.started_at),
        "contact_channel": {"type": world.widget.settings.channel.name(), "state": world.widget.channel_state},
    })
}

fn widget_info(state: &Conversation, world: &World) -> Value {
    let widget = &world.widget;
    json!({
        "id": widget.id,
        "name": widget.settings.name,
        "locale": widget.settings.locale,
        "url": state.page,
        "custom": state.custom,
    })
}

/// A file in a payload (contract, 9.4), without `message_id`.
pub fn media(media: &Media) -> Map<String, Value> {
    object(json!({
        "link": media.link,
        "mime_type": media.mime_type,
        "name": media.name,
        "size": media.size,
        "caption": media.caption,
    }))
}

/// A place in a payload (contract, 9.5), without `message_id`.
pub fn location(place: &Location) -> Map<String, Value> {
    object(json!({
        "latitude": place.latitude,
        "longitude": place.longitude,
        "name": place.name,
        "address": place.address,
    }))
}

/// The fields of an object that was just written down as one.
pub fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
