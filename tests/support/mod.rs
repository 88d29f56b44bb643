//! The harness: a house to talk in, the people in it, and what may befall them.
//!
//! Everything goes through the doors – the command line, HTTP, the WebSocket, a browser – so a test says what
//! somebody does and what somebody else hears, and nothing about how the server is made inside.
//!
//! - [`House`] is the real binary with a data directory and a port of its own; it can crash and come back.
//! - [`Person`] is an account with its credentials: the verbs of REST, and sockets.
//! - [`Socket`] is one live connection; it waits for what it should hear and never sleeps instead.
//! - [`Screen`] is what a client would show: it applies frames and can be compared with a fresh fetch.
//! - [`Proxy`] stands between somebody and the house and cuts, holds or swallows what passes.
//! - [`ForgetfulDisk`] is a disk that loses what was not synced when the power is cut, and that can be full.
//! - [`Postbox`] is a mail server, [`Receiver`] somebody else's HTTP server, [`PushedBrowser`] a browser that takes push messages.
//! - [`Browser`] is a headless browser, for the pages.
//! - [`recording`] replays what was recorded from the reference.

pub mod away;
pub mod bot_document;
pub mod bot_stage;
pub mod botkit;
pub mod browser;
pub mod chance;
pub mod comparison;
pub mod expectation;
pub mod fakes;
pub mod forgetful;
pub mod house;
pub mod person;
pub mod platter;
pub mod postbox;
pub mod proxy;
pub mod pushed;
pub mod raw_socket;
pub mod receiver;
pub mod recording;
pub mod rest;
pub mod schemas;
pub mod screen;
pub mod seeded;
pub mod server_log;
pub mod socket;
pub mod stand_ins;

use std::time::Duration;

pub use browser::Browser;
pub use chance::Chance;
pub use forgetful::ForgetfulDisk;
pub use house::House;
pub use person::{Key, Person};
pub use postbox::Postbox;
pub use proxy::Proxy;
pub use pushed::PushedBrowser;
pub use raw_socket::RawSocket;
pub use receiver::Receiver;
pub use rest::Answer;
pub use schemas::Brought;
pub use screen::Screen;
pub use serde_json::{Value, json};
pub use socket::Socket;

/// How long anybody waits for something that must come. Generous, because a test machine may be busy; nothing waits
/// this long when all is well.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Asks again and again until the answer is yes, and panics with `what` when patience ends.
pub async fn until(what: &str, mut question: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !question().await {
        assert!(tokio::time::Instant::now() < deadline, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
