//! Channels: doors of other protocols, each a *connector* that an entry of `credentials.yml` configures (channels contract).
//!
//! ```text
//! their call ──connector: verify, parse──▶ doors::enter, say ──▶ thread ══commit══▶ doors::take ──connector: render──▶ them
//! ```
//!
//! - [`credentials`]: the file. [`registry`]: which connectors run, and reading the file again while they do.
//! - [`rest`], [`callback`], [`socketio`]: Tertulia's own doors, which speak Rasa's formats; [`rasa`] is what they share,
//!   [`token`] who may call.
//! - [`handing_on`]: what is owed to people behind connectors that call them.
//!
//! # To add a connector
//!
//! One file with a type that implements [`Connector`] and a [`Kind`] that reads its keys, and one line in [`KINDS`].
//!
//! # What it promises
//!
//! A call is verified before anything of it is used, and refused without a word on what was wrong with it. It is answered
//! with success once what it brought is committed. Every body, queue, wait and session is bounded. No secret is logged.

pub mod callback;
pub mod credentials;
pub mod handing_on;
mod outcome;
mod rasa;
pub mod registry;
pub mod rest;
pub mod socketio;
mod token;
mod yaml;

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use bytes::Bytes;
use futures_util::future::{BoxFuture, LocalBoxFuture};
use serde_json::{Value, json};

use crate::actors::House;
use crate::config::Config;
use crate::domain::content::Media;
use crate::domain::{Message, Refusal};
use crate::outbound::Failure;

pub use outcome::Class;
pub use registry::{Channels, check};

use credentials::{Common, Entry};

/// All connectors that there are; one line each.
pub(crate) static KINDS: &[Kind] = &[rest::KIND, callback::KIND, socketio::KIND];

/// A kind of connector.
pub struct Kind {
    /// Its name, as `channel` names it.
    pub channel: &'static str,
    /// Reads the keys of an entry, and starts nothing; complaints name the key.
    pub build: fn(&mut Entry, &Config) -> Result<Plan, String>,
}

/// An entry that was read without a complaint, and does not run yet.
pub struct Plan {
    /// Whether calls that come in can be verified; said by `tertulia credentials check`.
    pub verifies: bool,
    /// The path below which its sockets will live, without a slash at the end.
    pub socket_path: Option<String>,
    /// Lets it run.
    pub start: Box<dyn FnOnce(Ground) -> Arc<dyn Connector> + Send>,
}

/// What connectors stand on. Cloning is cheap.
#[derive(Clone)]
pub struct Ground {
    /// The house.
    pub house: House,
    /// How the world calls this server, without a slash at the end.
    pub public_url: Arc<str>,
}

/// One entry of the credentials file at work.
pub trait Connector: Send + Sync {
    /// What every entry may say.
    fn common(&self) -> &Common;

    /// `POST /webhooks/<name>/webhook`, its body within the limit. `None`: there is no such route.
    fn webhook(&self, _call: Call) -> Option<LocalBoxFuture<'_, HttpResponse>> {
        None
    }

    /// Answers a browser that asks whether its page may call the webhook.
    fn preflight(&self, _request: &HttpRequest) -> Option<HttpResponse> {
        None
    }

    /// The path below which its sockets live, without a slash at the end.
    fn socket_path(&self) -> Option<&str> {
        None
    }

    /// A call below [`Connector::socket_path`].
    fn socket(&self, _request: HttpRequest, _payload: Payload) -> Option<LocalBoxFuture<'_, HttpResponse>> {
        None
    }

    /// Hands on what is owed in a conversation, by writing jobs of its own.
    fn hand_on(&self, _conversation: String, _since: i64) -> Option<BoxFuture<'_, Result<(), Failure>>> {
        None
    }

    /// Sends what one of these jobs says.
    fn send(&self, _parcel: handing_on::Parcel) -> Option<BoxFuture<'_, Result<(), Failure>>> {
        None
    }

    /// The entry is gone or has changed: what it holds open ends.
    fn stop(&self) {}
}

/// A call that came in.
pub struct Call {
    /// Its head.
    pub request: HttpRequest,
    /// Its body.
    pub body: Bytes,
}

/// Why a call is not taken: what the answer says, and never more.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    status: StatusCode,
    code: &'static str,
    detail: String,
    fields: Option<Value>,
}

impl Refused {
    /// A status with a name for programs and a sentence for people.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), fields: None }
    }

    /// 400.
    pub fn bad(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 401: nobody hears what was wrong.
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "This call could not be verified.")
    }

    /// 405.
    pub fn method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This method is not allowed here.")
    }

    /// The answer.
    pub fn answer(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            answer.insert_header(("Retry-After", "5"));
        }
        match &self.fields {
            Some(fields) => answer.json(fields),
            None => answer.json(json!({"detail": self.detail, "code": self.code})),
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let status = match &refusal {
            Refusal::Invalid(_) => StatusCode::BAD_REQUEST,
            Refusal::Forbidden => StatusCode::FORBIDDEN,
            Refusal::NotFound => StatusCode::NOT_FOUND,
            Refusal::Clash | Refusal::Busy { .. } | Refusal::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        };
        let refused = Self::new(status, refusal.code(), refusal.detail());
        match refusal {
            Refusal::Invalid(errors) => Self { fields: Some(json!(errors)), ..refused },
            _ => refused,
        }
    }
}

impl From<crate::store::StoreError> for Refused {
    fn from(error: crate::store::StoreError) -> Self {
        tracing::warn!(%error, "a call could not be stored");
        Refusal::Unavailable.into()
    }
}

/// The message's own files, as something that can be shown by its address.
fn files(house: &House, message: &Message) -> Vec<Media> {
    let base = &house.look.media_base;
    let shown = |attachment: &crate::domain::attachment::Attachment| {
        let link = match &attachment.file {
            Some(file) => format!("{base}{file}"),
            None => attachment.url.clone()?,
        };
        let is_image = attachment.kind == crate::domain::attachment::Kind::Image;
        let kind = if is_image { "image" } else { "file" }.to_owned();
        let name = Some(attachment.title.clone()).filter(|title| !title.is_empty());
        Some(Media { link, kind, name, ..Media::default() })
    };
    message.attachments.iter().filter_map(shown).collect()
}
