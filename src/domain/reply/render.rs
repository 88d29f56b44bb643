//! Messages in the forms of the doors that speak Rasa's format (channels contract, 4.2, 4.3, 5.1 and 5.3).

use serde_json::{Map, Value, json};

use super::parse::line;
use super::{harmless, paragraphs};
use crate::domain::content::{Card, Choice, ChoiceOption, Content, Link, Location, Media};

/// The text of buttons that came without one.
const NO_TEXT: &str = "…";

/// What a message is in `rest` and `callback`: objects in order, each with `recipient_id`. `files` are the message's
/// own. A message of the house's own is nothing here.
pub fn objects(recipient: &str, (text, content): (&str, Option<&Content>), files: &[Media], split: bool) -> Vec<Value> {
    let made = match content {
        None | Some(Content::Markdown) => spoken(text, None, split, "buttons", plain_button),
        Some(Content::Choice(choice)) => spoken(text, Some(&choice.options), split, "buttons", plain_button),
        Some(Content::Links { buttons }) => spoken(text, Some(&linked(buttons)), split, "buttons", plain_button),
        Some(Content::Media(media)) => vec![plain_media(media)],
        Some(Content::Location(place)) => vec![json!({"text": place_text(text, place)})],
        Some(Content::Navigate { link }) => vec![json!({"text": link})],
        Some(Content::Cards { cards }) => cards.iter().map(plain_card).collect(),
        Some(Content::Custom { custom }) => vec![json!({"custom": harmless(custom)})],
        Some(Content::Pick { .. } | Content::System(_) | Content::Note { .. }) => return Vec::new(),
    };
    let made = made.into_iter().chain(files.iter().map(plain_media));
    made.map(|object| addressed(recipient, object)).collect()
}

/// What a message is at the door `socketio`: the data of `bot_uttered`, with the exact keys that widgets know the kinds by.
pub fn frames((text, content): (&str, Option<&Content>), files: &[Media], split: bool) -> Vec<Value> {
    let replies = "quick_replies";
    let mut made = match content {
        None | Some(Content::Markdown) => spoken(text, None, split, replies, quick_reply),
        Some(Content::Choice(choice)) => spoken(text, Some(&choice.options), split, replies, quick_reply),
        Some(Content::Links { buttons }) => spoken(text, Some(&linked(buttons)), split, replies, quick_reply),
        Some(Content::Media(media)) => vec![framed_media(media)],
        Some(Content::Location(place)) => vec![json!({"text": place_text(text, place)})],
        Some(Content::Navigate { link }) => vec![json!({"text": link})],
        Some(Content::Cards { cards }) => vec![carousel(cards)],
        Some(Content::Custom { custom }) => vec![customised(custom)],
        Some(Content::Pick { .. } | Content::System(_) | Content::Note { .. }) => return Vec::new(),
    };
    made.extend(files.iter().map(framed_media));
    made
}

/// A `custom` object's `data`, or the object itself without what would send it elsewhere.
fn customised(custom: &Value) -> Value {
    custom.get("data").cloned().unwrap_or_else(|| harmless(custom))
}

/// `recipient_id` comes first, as Rasa writes it.
fn addressed(recipient: &str, object: Value) -> Value {
    let mut fields = Map::new();
    fields.insert("recipient_id".to_owned(), recipient.into());
    if let Value::Object(others) = object {
        fields.extend(others);
    }
    Value::Object(fields)
}

/// The paragraphs of a text; what can be chosen is on the last of them.
fn spoken(
    text: &str,
    options: Option<&[ChoiceOption]>,
    split: bool,
    key: &str,
    write: fn(&ChoiceOption) -> Value,
) -> Vec<Value> {
    let options = options.filter(|options| !options.is_empty());
    let mut parts = paragraphs(text, split);
    if parts.is_empty() && options.is_some() {
        parts.push(NO_TEXT);
    }
    let mut made: Vec<Value> = parts.into_iter().map(|part| json!({"text": part})).collect();
    if let (Some(options), Some(Value::Object(last))) = (options, made.last_mut()) {
        last.insert(key.to_owned(), options.iter().map(write).collect());
    }
    made
}

fn linked(links: &[Link]) -> Vec<ChoiceOption> {
    let option =
        |it: &Link| ChoiceOption { label: it.label.clone(), link: Some(it.link.clone()), ..Default::default() };
    links.iter().map(option).collect()
}

fn plain_button(option: &ChoiceOption) -> Value {
    match &option.link {
        Some(link) => json!({"type": "web_url", "title": option.label, "url": link}),
        None => json!({"title": option.label, "payload": option.id}),
    }
}

fn quick_reply(option: &ChoiceOption) -> Value {
    match &option.link {
        Some(link) => json!({"type": "web_url", "title": option.label, "url": link}),
        None => json!({"content_type": "text", "title": option.label, "payload": option.id}),
    }
}

/// `src`, and a title where there is one.
fn payload(media: &Media) -> Value {
    match media.name.as_ref().or(media.caption.as_ref()) {
        Some(title) => json!({"title": title, "src": media.link}),
        None => json!({"src": media.link}),
    }
}

fn plain_media(media: &Media) -> Value {
    match media.kind.as_str() {
        "image" => json!({"image": media.link}),
        kind => json!({"attachment": {"type": kind, "payload": payload(media)}}),
    }
}

fn framed_media(media: &Media) -> Value {
    match media.kind.as_str() {
        "image" => json!({"attachment": {"type": "image", "payload": {"src": media.link}}}),
        kind => json!({"attachment": {"type": kind, "payload": payload(media)}}),
    }
}

fn place_text(text: &str, place: &Location) -> String {
    let words = [place.name.as_deref(), place.address.as_deref()];
    let where_it_is = format!("{}, {}", place.latitude, place.longitude);
    let known = words.into_iter().flatten().collect::<Vec<_>>().join("\n");
    if !text.trim().is_empty() {
        text.trim().to_owned()
    } else if known.is_empty() {
        where_it_is
    } else {
        known
    }
}

/// A card as a message of its own: its line, its buttons, its picture.
fn plain_card(card: &Card) -> Value {
    let mut object = json!({"text": line(card)});
    if let Some(image) = &card.image {
        object["image"] = image.clone().into();
    }
    if !card.buttons.is_empty() {
        object["buttons"] = card.buttons.iter().map(plain_button).collect();
    }
    object
}

/// All cards in one frame, as a list, each with a list of buttons even if it is empty.
fn carousel(cards: &[Card]) -> Value {
    let elements: Vec<Value> = cards.iter().map(element).collect();
    json!({"attachment": {"type": "template", "payload": {"template_type": "generic", "elements": elements}}})
}

fn element(card: &Card) -> Value {
    let button = |option: &ChoiceOption| match &option.link {
        Some(link) => json!({"type": "web_url", "title": option.label, "url": link}),
        None => json!({"type": "postback", "title": option.label, "payload": option.id}),
    };
    let mut object = json!({"title": card.title, "buttons": card.buttons.iter().map(button).collect::<Vec<_>>()});
    let optional = [("subtitle", &card.subtitle), ("image_url", &card.image)];
    for (key, value) in optional {
        if let Some(value) = value {
            object[key] = value.clone().into();
        }
    }
    if let Some(action) = &card.default_action {
        object["default_action"] = action.clone();
    }
    object
}

/// The option whose payload somebody sent as their text, as widgets do when a button is pressed.
pub fn picked<'a>(choice: &'a Choice, text: &str) -> Option<&'a ChoiceOption> {
    choice.options.iter().find(|option| option.link.is_none() && option.id == text)
}
