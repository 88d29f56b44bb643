//! What goes out on which channel (contract, 14.1 to 14.3).

use super::super::content::{Choice, Link, Media};
use super::event::Event;
use super::settings::Channel;

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
pub fn convert(_event: &Event, _channel: Channel, _choose_label: &str) -> Option<Sent> {
    None
}
