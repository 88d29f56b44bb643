//! What goes out on which channel (contract, 14.1 to 14.3).

use super::super::content::{Choice, ChoiceOption, Link, Media};
use super::event::{ChoiceEvent, Element, Event};
use super::settings::Channel;

/// The longest label of a choice that is *short* (contract, 14.2).
const SHORT: usize = 20;
/// The longest label and description of a list template on WhatsApp, and the longest body of a choice there.
const LIST_LABEL: usize = 24;
const LIST_DESCRIPTION: usize = 72;
const CHOICE_BODY: usize = 1_024;

/// What goes out.
#[derive(Clone, Debug, PartialEq)]
pub enum Sent {
    /// A text.
    Text {
        /// It.
        text: String,
        /// Whether it has marks of `markdown_v1`.
        markdown: bool,
    },
    /// A choice; `choice.sent_as` says in which form, and `text` is what stands above it (or all of it, as text).
    Choice {
        /// What the contact reads.
        text: String,
        /// The choice.
        choice: Choice,
    },
    /// Buttons that open addresses.
    Buttons {
        /// What stands above them.
        text: String,
        /// They.
        buttons: Vec<Link>,
    },
    /// A file.
    Media(Media),
    /// The page is to go there.
    Navigate {
        /// Where.
        link: String,
    },
}

/// What goes out for an event; `None`: nothing, on this channel or of this kind.
pub fn convert(event: &Event, channel: Channel, choose_label: &str) -> Option<Sent> {
    match event {
        Event::Message { body, markdown } => Some(Sent::Text { text: body.clone(), markdown: *markdown }),
        Event::Choice(event) => Some(choice(event, channel, choose_label)),
        Event::Buttons { body, buttons, .. } if channel == Channel::Web => {
            Some(Sent::Buttons { text: body.clone().unwrap_or_default(), buttons: buttons.clone() })
        }
        Event::Buttons { body, buttons, .. } => Some(plain(buttons_text(body.as_deref(), buttons))),
        Event::Media { link, caption, .. } if channel == Channel::Sms => {
            let lines: Vec<&str> = caption.as_deref().into_iter().chain([link.as_str()]).collect();
            Some(plain(lines.join("\n")))
        }
        Event::Media { link, caption, file } => {
            let mime_type = file.as_ref().map(|file| file.mime_type.clone());
            let size = file.as_ref().and_then(|file| i64::try_from(file.size).ok());
            let kind = mime_type.as_deref().map_or("file", family).to_owned();
            Some(Sent::Media(Media { link: link.clone(), kind, mime_type, name: None, size, caption: caption.clone() }))
        }
        Event::Navigate { link } if channel == Channel::Web => Some(Sent::Navigate { link: link.clone() }),
        _ => None,
    }
}

/// The kind of a file, by its media type: `image`, `video`, `audio` or `file`.
pub fn family(mime_type: &str) -> &'static str {
    let family = mime_type.split('/').next().unwrap_or_default().trim().to_ascii_lowercase();
    ["image", "video", "audio"].into_iter().find(|one| *one == family).unwrap_or("file")
}

fn plain(text: String) -> Sent {
    Sent::Text { text, markdown: false }
}

/// Buttons where there are none: the body, an empty line, a line for each (contract, 14.3).
fn buttons_text(body: Option<&str>, buttons: &[Link]) -> String {
    let lines = buttons.iter().map(|button| format!("{}: {}", button.label, button.link));
    let above = body.into_iter().map(|body| format!("{body}\n"));
    above.chain(lines).collect::<Vec<_>>().join("\n")
}

/// The form of a choice on a channel (contract, 14.2).
fn form(event: &ChoiceEvent, channel: Channel) -> &'static str {
    let labels = |most: usize| event.options.iter().all(|option| length(&option.label) <= most);
    let short = labels(SHORT);
    let described =
        |option: &ChoiceOption| option.description.as_deref().is_none_or(|it| length(it) <= LIST_DESCRIPTION);
    match (channel, event.element, event.options.len()) {
        (Channel::Web, Element::Carousel, _) => "carousel",
        (Channel::Web, ..) => "bubbles",
        (Channel::WhatsappBusiness, ..) if length(&event.body) > CHOICE_BODY => "text",
        (Channel::WhatsappBusiness, Element::ListTemplate, _)
            if labels(LIST_LABEL) && event.options.iter().all(described) =>
        {
            "list_template"
        }
        (Channel::WhatsappBusiness | Channel::Facebook, Element::Bubbles, ..=3) if short => "button_template",
        (Channel::WhatsappBusiness, Element::Bubbles, ..=10) if short => "list_template",
        (Channel::Facebook, Element::Bubbles, ..=13) if short => "quick_replies",
        (Channel::WhatsappBusiness | Channel::Facebook, Element::ButtonTemplate, _) if short => "button_template",
        (Channel::Facebook, Element::ListTemplate, _) if short => "quick_replies",
        _ => "text",
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn choice(event: &ChoiceEvent, channel: Channel, choose_label: &str) -> Sent {
    let sent_as = form(event, channel);
    let mut choice = Choice {
        element: event.element.name().into(),
        sent_as: Some(sent_as.into()),
        options: event.options.clone(),
        fallback: Some(event.fallback.clone()),
        ..Choice::default()
    };
    let mut text = event.body.clone();
    match sent_as {
        "text" => text = numbered(event),
        "list_template" => {
            choice.header.clone_from(&event.header);
            choice.footer.clone_from(&event.footer);
            choice.title.clone_from(&event.title);
            choice.button = event.button.clone().or_else(|| Some(choose_label.to_owned()));
        }
        "button_template" if channel == Channel::Facebook => {
            let image = |header: &&serde_json::Value| header.get("type").is_some_and(|kind| kind == "image");
            choice.header = event.header.as_ref().filter(image).cloned();
            if let Some(footer) = &event.footer {
                text = format!("{text}\n\n{footer}");
            }
        }
        "button_template" => {
            choice.header.clone_from(&event.header);
            choice.footer.clone_from(&event.footer);
        }
        _ => choice.options.iter_mut().for_each(|option| option.description = None),
    }
    Sent::Choice { text, choice }
}

/// A choice where there are no buttons (contract, 14.3): the fallback text, an empty line, a line for each option.
fn numbered(event: &ChoiceEvent) -> String {
    let mut text = format!("{}\n", event.fallback);
    for (at, option) in event.options.iter().enumerate() {
        text.push_str(&format!("\n{}. {}", at + 1, option.label));
        if let Some(more) = option.image.as_ref().or(option.description.as_ref()) {
            text.push_str(&format!(": {more}"));
        }
    }
    text
}
