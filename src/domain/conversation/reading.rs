//! Phase 1 of a batch: the form of its events (contract, 10 and 12). Every mistake is named, in the order of the tables.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::content::{ChoiceOption, Link};
use super::batch::Detail;
use super::event::{ChoiceEvent, ContactUpdate, ConversationUpdate, Element, Event, ForwardTo};
use super::reader::{Reader, given, is_way, whole};

/// The longest `delay`, and the longest of a batch, in microseconds.
const MAX_DELAY: i64 = 60_000_000;
const MAX_DELAYS: i64 = 120_000_000;

/// The events, as far as they are well-formed, and what is wrong with the others.
pub(super) fn events(raw: &[Value]) -> (Vec<Event>, Vec<Detail>) {
    let mut details = Vec::new();
    let mut events = Vec::new();
    let mut delays = 0;
    for (index, value) in raw.iter().enumerate() {
        let mut reader = Reader { path: "packet".into(), found: Vec::new() };
        let mut read = event(value, &mut reader);
        if let Some(Event::Delay { micros, .. }) = read {
            delays += micros;
            if delays > MAX_DELAYS {
                read = reader.wrong("payload.seconds", "out_of_range");
            }
        }
        let found = reader.found.into_iter();
        details.extend(found.map(|(field, code)| Detail { index, field, code }));
        events.extend(read);
    }
    (events, details)
}

fn event(value: &Value, reader: &mut Reader) -> Option<Event> {
    let empty = Map::new();
    let packet = match value.get("packet") {
        None | Some(Value::Null) => &empty,
        Some(Value::Object(packet)) => packet,
        Some(_) => return reader.note("packet".into(), "wrong_type"),
    };
    let name = match packet.get("name") {
        None | Some(Value::Null) => return reader.wrong("name", "missing"),
        Some(Value::String(name)) => name.as_str(),
        Some(_) => return reader.wrong("name", "wrong_type"),
    };
    let read = reader_of(name).or_else(|| reader.wrong("name", "unknown_event"))?;
    let payload = match packet.get("payload") {
        None | Some(Value::Null) => &empty,
        Some(Value::Object(payload)) => payload,
        Some(_) => return reader.wrong("payload", "wrong_type"),
    };
    reader.path = "packet.payload".into();
    let event = read(reader, payload);
    reader.path = "packet".into();
    // a mistake in a key that may be left out is one all the same
    event.filter(|_| reader.found.is_empty())
}

type Read = fn(&mut Reader, &Map<String, Value>) -> Option<Event>;

/// What reads the payload of an event.
fn reader_of(name: &str) -> Option<Read> {
    Some(match name {
        "message" => message,
        "bubbles" => |reader, payload| choice(reader, payload, Element::Bubbles),
        "carousel" => |reader, payload| choice(reader, payload, Element::Carousel),
        "button_template" => |reader, payload| choice(reader, payload, Element::ButtonTemplate),
        "list_template" => |reader, payload| choice(reader, payload, Element::ListTemplate),
        "button" => button,
        "buttons" => buttons,
        "media" => media,
        "navigate" => navigate,
        "delay" => delay,
        "contact_update" => contact_update,
        "abort" => |_, _| Some(Event::Abort),
        "end" => |_, _| Some(Event::End),
        "forward_group" => forward_group,
        "forward_skills" => forward_skills,
        "forward_any" => {
            |reader, payload| Some(Event::Forward { to: ForwardTo::Any, feedback: feedback(reader, payload) })
        }
        "note_create" => note_create,
        "conversation_update" => conversation_update,
        "addon_dispatch" => addon_dispatch,
        "email_dispatch" => email_dispatch,
        _ => return None,
    })
}

fn message(reader: &mut Reader, from: &Map<String, Value>) -> Option<Event> {
    let body = reader.text(from, "body", 5_000);
    let format = reader.word(from, "text_format", &["plain", "markdown_v1"]);
    Some(Event::Message { body: body?, markdown: format == Some("markdown_v1") })
}

fn choice(reader: &mut Reader, from: &Map<String, Value>, element: Element) -> Option<Event> {
    let most = match element {
        Element::Bubbles => 25,
        Element::Carousel | Element::ListTemplate => 10,
        Element::ButtonTemplate => 3,
    };
    let list = element == Element::ListTemplate;
    let mut header = None;
    if list {
        header = reader.maybe_text(from, "header", 60).map(Value::String);
    }
    let body = reader.text(from, "body", 5_000);
    let button = list.then(|| reader.text(from, "button", 20)).flatten();
    let list_footer = list.then(|| reader.maybe_text(from, "footer", 60)).flatten();
    let title = list.then(|| reader.maybe_text(from, "title", 24)).flatten();
    let options = options(reader, from, element, most);
    let fallback = reader.text(from, "fallback", 1_000);
    let mut footer = list_footer;
    if element == Element::ButtonTemplate {
        header = template_header(reader, from);
        footer = reader.maybe_text(from, "footer", 60);
    }
    let (body, options, fallback) = (body?, options?, fallback?);
    Some(Event::Choice(ChoiceEvent {
        element,
        body,
        options,
        fallback,
        header,
        header_file: None,
        footer,
        button,
        title,
    }))
}

fn options(reader: &mut Reader, from: &Map<String, Value>, element: Element, most: usize) -> Option<Vec<ChoiceOption>> {
    let mut ids = BTreeSet::new();
    reader.each(from, ("options", most), |reader, item| {
        let id = match reader.needed(item, "id").map(Value::as_str) {
            None => None,
            Some(None) => reader.wrong("id", "wrong_type"),
            Some(Some("")) => reader.wrong("id", "empty"),
            Some(Some(id)) if id.chars().count() > 200 => reader.wrong("id", "too_long"),
            Some(Some(id)) if !ids.insert(id.to_owned()) => reader.wrong("id", "duplicate_id"),
            Some(Some(id)) => Some(id.to_owned()),
        };
        let label = reader.text(item, "label", 200);
        let image = (element == Element::Carousel).then(|| reader.url(item, "image"));
        let description =
            (element == Element::ListTemplate).then(|| reader.maybe_text(item, "description", 200)).flatten();
        let image = match image {
            Some(image) => Some(image?),
            None => None,
        };
        Some(ChoiceOption { id: id?, label: label?, image, description, link: None })
    })
}

/// What stands above a `button_template` (contract, 12.4), without the keys that nobody knows.
fn template_header(reader: &mut Reader, from: &Map<String, Value>) -> Option<Value> {
    let header = match given(from, "header")? {
        Value::Object(header) => header,
        _ => return reader.wrong("header", "wrong_type"),
    };
    let inner = format!("{}.header", reader.path);
    let outer = std::mem::replace(&mut reader.path, inner);
    let read = header_fields(reader, header);
    reader.path = outer;
    read.map(Value::Object)
}

fn header_fields(reader: &mut Reader, header: &Map<String, Value>) -> Option<Map<String, Value>> {
    reader.needed(header, "type")?;
    let kind = reader.word(header, "type", &["text", "image", "video", "document"])?;
    let mut read = Map::from_iter([("type".to_owned(), Value::from(kind))]);
    if kind == "text" {
        read.insert("text".into(), reader.text(header, "text", 60)?.into());
        return Some(read);
    }
    let link = reader.url(header, "link");
    if let Some(name) = reader.maybe_text(header, "name", 1_000) {
        read.insert("name".into(), name.into());
    }
    read.insert("link".into(), link?.into());
    Some(read)
}

fn link_button(reader: &mut Reader, from: &Map<String, Value>) -> Option<Link> {
    let label = reader.text(from, "label", 200);
    let link = reader.url(from, "link");
    Some(Link { label: label?, link: link? })
}

fn button(reader: &mut Reader, from: &Map<String, Value>) -> Option<Event> {
    let body = reader.maybe_text(from, "body", 5_000);
    let button = link_button(reader, from)?;
    Some(Event::Buttons { single: true, body, buttons: vec![button] })
}

fn buttons(reader: &mut Reader, from: &Map<String, Value>) -> Option<Event> {
    let body = reader.text(from, "body", 5_000);
    let buttons = reader.each(from, ("buttons", 10), link_button);
    Some(Event::Buttons { single: false, body: Some(body?), buttons: buttons? })
}

fn media(reader: &mut Reader, from: &Map<String, Value>) -> Option<Event> {
    let link = reader.url(from, "link");
    let caption = reader.maybe_text(from, "caption", 1_000);
    Some(Event::Media { link: link?, caption, file: None })
}

fn navigate(reader: &mut Reader, from: &Map<String, Value>) -> Option<Event> {
    match reader.needed(from, "link")?.as_str() {
        None => reader.wrong("link", "wrong_type"),
        Some(link) if is_way(link) => Some(Event::Navigate { link: link.to_owned() }),
        Some(_) => reader.wrong("link", "not_a_url"),
    }
}

fn delay(reader: &mut Reader, from: &Map<String, Value>) -> Option<Event> {
    let seconds = match reader.needed(from, "seconds").map(Value::as_f64) {
        None => None,
        Some(None) => reader.wrong("seconds", "wrong_type"),
        Some(Some(seconds)) if seconds <= 0.0 || seconds * 1e6 > MAX_DELAY as f64 => {
            reader.wrong("seconds", "out_of_range")
        }
        Some(seconds) => seconds,
    };
    let typing = reader.boolean(from, "typing").unwrap_or(true);
    // between nothing and sixty seconds, so it fits; the shortest is one microsecond
    let micros = ((seconds? * 1e6).round() as i64).max(1);
    Some(Event::Delay { micros, typing })
}

fn contact_update(reader: &mut Reader, from: &Map<String, Value>) -> Option<Event> {
    const KEYS: [&str; 6] = ["name", "email", "mobile_number", "external_customer_id", "custom_fields", "campaigns"];
    something(reader, from, &KEYS)?;
    Some(Event::ContactUpdate(ContactUpdate {
        name: reader.maybe_text(from, "name", 200),
        email: reader.maybe_text(from, "email", 254),
        mobile_number: reader.maybe_text(from, "mobile_number", usize::MAX),
        external_customer_id: reader.maybe_text(from, "external_customer_id", 200),
        custom_fields: reader.object(from, "custom_fields"),
        campaigns: reader.boolean(from, "campaigns"),
    }))
}

/// Notes that an update changes nothing: none of its keys is there.
fn something(reader: &mut Reader, from: &Map<String, Value>, keys: &[&str]) -> Option<()> {
    if keys.iter().any(|key| given(from, key).is_some()) {
        return Some(());
    }
    reader.note(reader.path.clone(), "empty")
}

fn feedback(reader: &mut Reader, from: &Map<String, Value>) -> bool {
    reader.word(from, "on_failure", &["feedback"]).is_some()
}

fn forward_group(reader: &mut Reader, from: &Map<String, Value>) -> Option<Event> {
    let group = reader.needed(from, "group_id").and_then(|_| reader.integer(from, "group_id"));
    let feedback = feedback(reader, from);
    Some(Event::Forward { to: ForwardTo::Group(group?), feedback })
}

fn forward_skills(reader: &mut Reader, from: &Map<String, Value>) -> Option<Event> {
    let list = reader.list(from, "skill_ids", usize::MAX)?;
    let mut skills = Vec::with_capacity(list.len());
    for (at, value) in list.iter().enumerate() {
        match whole(value) {
            Some(skill) => skills.push(skill),
            None => reader.wrong::<()>(&format!("skill_ids[{at}]"), "wrong_type").unwrap_or_default(),
        }
    }
    Some(Event::Forward { to: ForwardTo::Skills(skills), feedback: false })
}

fn note_create(reader: &mut Reader, from: &Map<String, Value>) -> Option<Event> {
    let body = reader.text(from, "body", 5_000);
    let contact_identity_id = reader.integer(from, "contact_identity_id");
    Some(Event::NoteCreate { body: body?, contact_identity_id })
}

fn conversation_update(reader: &mut Reader, from: &Map<String, Value>) -> Option<Event> {
    something(reader, from, &["subject", "topics", "locale", "custom_fields"])?;
    Some(Event::ConversationUpdate(ConversationUpdate {
        subject: reader.maybe_text(from, "subject", 200),
        topics: topics(reader, from),
        locale: reader.any_text(from, "locale"),
        custom_fields: reader.object(from, "custom_fields"),
    }))
}

fn topics(reader: &mut Reader, from: &Map<String, Value>) -> Option<Vec<String>> {
    let Value::Array(list) = given(from, "topics")? else { return reader.wrong("topics", "wrong_type") };
    let mut topics = Vec::with_capacity(list.len());
    for (at, value) in list.iter().enumerate() {
        match value.as_str() {
            Some(topic) => topics.push(topic.to_owned()),
            None => reader.wrong::<()>(&format!("topics[{at}]"), "wrong_type").unwrap_or_default(),
        }
    }
    Some(topics)
}

fn addon_dispatch(reader: &mut Reader, from: &Map<String, Value>) -> Option<Event> {
    Some(Event::AddonDispatch { addon_type: reader.text(from, "addon_type", usize::MAX)? })
}

fn email_dispatch(reader: &mut Reader, from: &Map<String, Value>) -> Option<Event> {
    reader.needed(from, "recipient_type")?;
    match reader.word(from, "recipient_type", &["operator", "contact"])? {
        "contact" => Some(Event::EmailDispatch { operator_id: None }),
        _ => {
            reader.needed(from, "operator_id")?;
            Some(Event::EmailDispatch { operator_id: Some(reader.integer(from, "operator_id")?) })
        }
    }
}
