//! A message of the thread as the objects that Botkit's client draws (botkit contract, 5).

use serde_json::{Map, Value, json};

use super::safe::{self, Trust};
use crate::domain::Message;
use crate::domain::content::{Card, Choice, ChoiceOption, Content, Link, Location, Media};
use crate::domain::view::Look;

/// Types that the client uses for its own state: never sent (5).
const INNER: [&str; 7] =
    ["connected", "disconnected", "sent", "webhook_error", "history_loaded", "history_error", "socket_error"];
/// Fields of a custom object that the house fills in itself.
const OURS: [&str; 4] = ["user", "channel", "to", "sent_timestamp"];

/// To whom a reply goes, as they named themselves: copied into every object (5.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addressee {
    /// The label under which they spoke.
    pub user: Option<String>,
    /// What the frame said.
    pub channel: Option<String>,
}

/// The objects of one message, in order; none for what the client has nothing to show of.
pub fn objects(message: &Message, to: &Addressee, trust: Trust, look: &Look) -> Vec<Value> {
    let text = safe::text(&message.text, trust);
    let mut objects = match &message.content {
        None | Some(Content::Markdown) => vec![json!({"text": text})],
        Some(Content::Choice(choice)) => vec![choice_object(choice, &text, trust)],
        Some(Content::Links { buttons }) => link_objects(&text, buttons, trust),
        Some(Content::Media(media)) => vec![media_object(media, &text, trust)],
        Some(Content::Location(place)) => vec![place_object(place, &text, trust)],
        Some(Content::Navigate { link }) => {
            safe::address(link).map(|link| json!({"text": link, "goto_link": link})).into_iter().collect()
        }
        Some(Content::Cards { cards }) => cards.iter().map(|card| card_object(card, trust)).collect(),
        Some(Content::Custom { custom }) => custom_object(custom, &text, trust).into_iter().collect(),
        Some(Content::Pick { .. } | Content::System(_) | Content::Note { .. }) => Vec::new(),
    };
    if let Some(last) = objects.last_mut().and_then(Value::as_object_mut) {
        add_attachments(last, message, look);
    }
    objects.retain(is_worth_drawing);
    for object in &mut objects {
        address(object, message, to);
    }
    objects
}

/// An empty bubble is worse than none.
fn is_worth_drawing(object: &Value) -> bool {
    let says = |key: &str| object.get(key).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    let has = |key: &str| object.get(key).is_some();
    says("text")
        || has("quick_replies")
        || has("files")
        || has("open_link")
        || has("html")
        || (has("type") && !says("message"))
}

fn address(object: &mut Value, message: &Message, to: &Addressee) {
    let Some(object) = object.as_object_mut() else { return };
    object.entry("type").or_insert_with(|| "message".into());
    if let Some(user) = &to.user {
        object.insert("user".into(), user.clone().into());
        object.insert("to".into(), user.clone().into());
    }
    if let Some(channel) = &to.channel {
        object.insert("channel".into(), channel.clone().into());
    }
    object.insert("sent_timestamp".into(), (message.created / 1_000).into());
}

fn quick_replies(options: &[ChoiceOption]) -> Vec<Value> {
    let answers = options.iter().filter(|option| option.link.is_none());
    answers.map(|option| json!({"title": safe::text(&option.label, Trust::Person), "payload": option.id})).collect()
}

/// The text, what stands around it, and the options as quick replies; those that are links as lines.
fn choice_object(choice: &Choice, text: &str, trust: Trust) -> Value {
    let header = choice.header.as_ref().and_then(|header| header.as_str().or_else(|| header.get("text")?.as_str()));
    let lines = [header, choice.footer.as_deref()].map(|line| line.map(|line| safe::text(line, trust)));
    let [header, footer] = lines;
    let mut parts: Vec<String> = header.into_iter().chain([text.to_owned()]).chain(footer).collect();
    for option in &choice.options {
        let label = safe::text(&option.label, Trust::Person);
        if let Some(link) = option.link.as_deref().and_then(safe::address) {
            parts.push(format!("{label}: {link}"));
        } else if let Some(description) = &option.description {
            parts.push(format!("{label}: {}", safe::text(description, Trust::Person)));
        }
    }
    parts.retain(|part| !part.is_empty());
    json!({"text": parts.join("\n\n"), "quick_replies": quick_replies(&choice.options)})
}

/// One button a message: the client draws one.
fn link_objects(text: &str, links: &[Link], trust: Trust) -> Vec<Value> {
    let mut objects = Vec::new();
    for (place, button) in links.iter().enumerate() {
        let label = safe::text(&button.label, trust);
        let said = if place == 0 && !text.is_empty() { text.to_owned() } else { label };
        match safe::address(&button.link) {
            Some(link) => objects.push(json!({"text": said, "open_link": link, "link_title": button.label})),
            None => objects.push(json!({"text": said})),
        }
    }
    objects
}

fn media_object(media: &Media, text: &str, trust: Trust) -> Value {
    let caption = media.caption.as_deref().map(|caption| safe::text(caption, trust));
    let mut said = [text.to_owned(), caption.unwrap_or_default()].into_iter().filter(|part| !part.is_empty());
    let said =
        said.next().unwrap_or_else(|| media.name.as_deref().map(|name| safe::text(name, trust)).unwrap_or_default());
    match safe::address(&media.link) {
        Some(url) => json!({"text": said, "files": [{"url": url, "image": media.kind == "image"}]}),
        None => json!({"text": said}),
    }
}

fn place_object(place: &Location, text: &str, trust: Trust) -> Value {
    let Location { latitude, longitude, name, .. } = place;
    let title = name.clone().unwrap_or_else(|| format!("{latitude}, {longitude}"));
    let said = if text.is_empty() { safe::text(&title, trust) } else { text.to_owned() };
    let link = format!("https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}");
    json!({"text": said, "open_link": link, "link_title": title})
}

fn card_object(card: &Card, trust: Trust) -> Value {
    let title = safe::text(&card.title, trust);
    let subtitle = card.subtitle.as_deref().map(|subtitle| safe::text(subtitle, trust));
    let text = subtitle.map_or_else(|| title.clone(), |subtitle| format!("{title} : {subtitle}"));
    let mut object = json!({"text": text});
    if let Some(url) = card.image.as_deref().and_then(safe::address) {
        object["files"] = json!([{"url": url, "image": true}]);
    }
    if !card.buttons.is_empty() {
        object["quick_replies"] = quick_replies(&card.buttons).into();
    }
    object
}

/// A bot's own fields pass through: page templates may show them. What would be pasted into the page is made safe, and
/// what the client keeps for itself is never sent.
fn custom_object(custom: &Value, text: &str, trust: Trust) -> Option<Value> {
    let mut object: Map<String, Value> = custom.as_object()?.clone();
    object.retain(|key, _| !OURS.contains(&key.as_str()));
    let kind = object.get("type").and_then(Value::as_str).unwrap_or("message").to_owned();
    let is_name =
        |name: &str| name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.:".contains(c));
    if INNER.contains(&kind.as_str()) || !is_name(&kind) {
        return None;
    }
    object.insert("type".into(), kind.into());
    for raw in ["html", "isTyping"] {
        if trust == Trust::Person {
            object.remove(raw);
        }
    }
    let said = object.get("text").and_then(Value::as_str).map(|own| safe::text(own, trust));
    object.insert("text".into(), said.unwrap_or_else(|| text.to_owned()).into());
    for link in ["open_link", "goto_link"] {
        match object.get(link).and_then(Value::as_str).and_then(safe::address) {
            Some(harmless) => object.insert(link.into(), harmless.into()),
            None => object.remove(link),
        };
    }
    if let Some(files) = object.remove("files") {
        let harmless = files.as_array().into_iter().flatten().filter_map(|file| {
            let url = safe::address(file.get("url")?.as_str()?)?;
            Some(json!({"url": url, "image": file.get("image").cloned().unwrap_or(Value::Bool(false))}))
        });
        object.insert("files".into(), harmless.collect());
    }
    if let Some(replies) = object.remove("quick_replies") {
        let fit = replies.as_array().into_iter().flatten().filter_map(|reply| {
            let (title, payload) = (reply.get("title")?.as_str()?, reply.get("payload")?.as_str()?);
            Some(json!({"title": safe::text(title, Trust::Person), "payload": payload}))
        });
        object.insert("quick_replies".into(), fit.collect());
    }
    Some(Value::Object(object))
}

fn add_attachments(object: &mut Map<String, Value>, message: &Message, look: &Look) {
    let files = message.attachments.iter().filter_map(|attachment| {
        let stored = attachment.file.as_deref().map(|file| look.media(file));
        let url = stored.or_else(|| attachment.url.clone())?;
        Some(json!({"url": safe::address(&url)?, "image": attachment.kind.as_str() == "image"}))
    });
    let files: Vec<Value> = files.collect();
    if files.is_empty() {
        return;
    }
    if let Some(known) = object.entry("files").or_insert_with(|| json!([])).as_array_mut() {
        known.extend(files);
    }
}

/// The visitor's and the bots' last words as the client's history has them (11): nothing internal, nothing empty.
pub fn history_entry(message: &Message, is_own: bool, trust: Trust) -> Option<Value> {
    let silent = matches!(message.content, Some(Content::System(_) | Content::Note { .. } | Content::Navigate { .. }));
    if silent || message.text.is_empty() {
        return None;
    }
    let kind = if is_own { "message_received" } else { "message" };
    let trust = if is_own { Trust::Person } else { trust };
    Some(json!({"type": kind, "text": safe::text(&message.text, trust), "sent_timestamp": message.created / 1_000}))
}

#[cfg(test)]
mod tests;
