//! A bot's replies, read into what our messages say (channels contract, 4.1).

use serde_json::{Map, Value};

use crate::domain::content::{Card, Choice, ChoiceOption, Content, Media};

/// The text of buttons that came without one, because channels want one (channels contract, 4.2).
const NO_TEXT: &str = "…";
/// The most replies of one turn that are read, and the most messages that come of them.
const MOST: usize = 200;
/// The most buttons or elements of one reply.
const MOST_PARTS: usize = 100;

/// One message that a reply becomes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// What somebody reads who sees nothing else of it.
    pub text: String,
    /// What it says beyond that.
    pub content: Option<Content>,
}

/// A whole turn: a list of replies. What is no object is dropped alone. `None` for what is no list.
pub fn parse_turn(turn: &Value) -> Option<Vec<Said>> {
    let replies = turn.as_array()?;
    let mut said: Vec<Said> = replies.iter().take(MOST).filter_map(Value::as_object).flat_map(parse).collect();
    said.truncate(MOST);
    Some(said)
}

/// One reply: its text with its quick replies or buttons, then `custom`, `image`, `attachment`, `elements`.
pub fn parse(reply: &Map<String, Value>) -> Vec<Said> {
    let mut said = Vec::new();
    said.extend(spoken(reply));
    if let Some(custom) = reply.get("custom").filter(|custom| custom.is_object()) {
        said.push(Said { text: String::new(), content: Some(Content::Custom { custom: custom.clone() }) });
    }
    if let Some(image) = text_at(reply, "image") {
        said.push(media("image", image, None));
    }
    if let Some(attachment) = reply.get("attachment") {
        said.extend(attached(attachment));
    }
    if let Some(elements) = reply.get("elements").and_then(Value::as_array).filter(|elements| !elements.is_empty()) {
        said.extend(cards(elements));
    }
    said
}

fn text_at(object: &Map<String, Value>, key: &str) -> Option<String> {
    let text = object.get(key)?.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn spoken(reply: &Map<String, Value>) -> Option<Said> {
    let text = text_at(reply, "text");
    let listed = |key: &str| reply.get(key).map(options).filter(|options| !options.is_empty());
    let (element, options) = match listed("quick_replies") {
        Some(options) => ("quick_replies", options),
        None => match listed("buttons") {
            Some(options) => ("buttons", options),
            None => return text.map(|text| Said { text, content: None }),
        },
    };
    let choice = Choice { element: element.to_owned(), options, ..Choice::default() };
    Some(Said { text: text.unwrap_or_else(|| NO_TEXT.to_owned()), content: Some(Content::Choice(choice)) })
}

fn options(list: &Value) -> Vec<ChoiceOption> {
    let objects = list.as_array().into_iter().flatten().take(MOST_PARTS).filter_map(Value::as_object);
    objects.filter_map(option).collect()
}

fn option(button: &Map<String, Value>) -> Option<ChoiceOption> {
    let label = text_at(button, "title")?;
    let link = text_at(button, "url");
    let payload = button.get("payload").and_then(Value::as_str).map(str::to_owned);
    let id = payload.unwrap_or_else(|| if link.is_some() { String::new() } else { label.clone() });
    Some(ChoiceOption { id, label, image: text_at(button, "image_url"), description: None, link })
}

fn media(kind: &str, link: String, name: Option<String>) -> Said {
    let content = Media { link: link.clone(), kind: kind.to_owned(), name, ..Media::default() };
    Said { text: link, content: Some(Content::Media(content)) }
}

fn attached(attachment: &Value) -> Option<Said> {
    match attachment {
        Value::String(link) if !link.trim().is_empty() => Some(media("file", link.trim().to_owned(), None)),
        Value::Object(fields) => {
            let payload = fields.get("payload").and_then(Value::as_object);
            match payload.and_then(|payload| Some((payload, text_at(payload, "src")?))) {
                Some((payload, link)) => {
                    let kind = text_at(fields, "type").unwrap_or_else(|| "file".to_owned());
                    Some(media(&kind, link, text_at(payload, "title")))
                }
                // a template with cards, as Messenger's and Rasa's own widget know it
                None => cards(payload?.get("elements")?.as_array()?),
            }
        }
        _ => None,
    }
}

fn cards(elements: &[Value]) -> Option<Said> {
    let objects = elements.iter().take(MOST_PARTS).filter_map(Value::as_object);
    let cards: Vec<Card> = objects
        .map(|element| Card {
            title: text_at(element, "title").unwrap_or_default(),
            subtitle: text_at(element, "subtitle"),
            image: text_at(element, "image_url"),
            buttons: element.get("buttons").map(options).unwrap_or_default(),
            default_action: element.get("default_action").filter(|action| !action.is_null()).cloned(),
        })
        .collect();
    if cards.is_empty() {
        return None;
    }
    let lines: Vec<String> = cards.iter().map(line).collect();
    Some(Said { text: lines.join("\n"), content: Some(Content::Cards { cards }) })
}

/// A card in one line, as Rasa writes it.
pub(super) fn line(card: &Card) -> String {
    match &card.subtitle {
        Some(subtitle) => format!("{} : {subtitle}", card.title),
        None => card.title.clone(),
    }
}
