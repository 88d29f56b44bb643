//! A batch: what a bot answers to a call, or asks of the API endpoint (contract, 10, 11, 13 and 18).
//!
//! An API request goes [`open`] (400 of the whole), then the session's own checks
//! ([`Conversation::admit`](super::state::Conversation::admit)), then [`Envelope::read`] (phase 1), then
//! [`Batch::links`] are fetched and handed back by [`Batch::with_files`] (phase 2), then
//! [`Input::Api`](super::step::Input::Api) (phase 3).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::event::Event;

/// The most events in a batch.
pub const MAX_EVENTS: usize = 50;
/// The largest body in bytes, in both directions.
pub const MAX_BODY: usize = 1 << 20;
/// The largest file behind a link, in bytes.
pub const MAX_FILE: u64 = 20 << 20;

/// Events that name one session, of a form not looked at yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    /// The session they name.
    pub cid: String,
    /// The events.
    pub events: Vec<Value>,
}

/// Well-formed events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// The context to be stored; `None`: the old one stays.
    pub context: Option<Map<String, Value>>,
    /// The events, in order.
    pub events: Vec<Event>,
}

/// A file that must be fetched before a batch is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileLink {
    /// Where it is.
    pub link: String,
    /// What it must be.
    pub wanted: Wanted,
}

/// What a file must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A picture, a film or a sound.
    Shown,
    /// A picture.
    Image,
    /// A film.
    Video,
    /// Anything.
    Document,
}

/// A file that was fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its media type.
    pub mime_type: String,
    /// Its size in bytes.
    pub size: u64,
}

/// Why a file was not fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFailure {
    /// It could not be had in time.
    Unreachable,
    /// It is larger than [`MAX_FILE`].
    TooLarge,
}

/// What came of fetching, by address.
pub type Files = BTreeMap<String, Result<File, FileFailure>>;

/// Why a request of the API endpoint was refused (contract, 18).
#[derive(Clone, Debug, PartialEq)]
pub struct ApiError {
    /// The status.
    pub status: u16,
    /// The code.
    pub code: &'static str,
    /// A sentence for people.
    pub message: String,
    /// What is wrong where, of `invalid_event`.
    pub details: Vec<Detail>,
    /// After how many seconds the next one fits, of `rate_limited`.
    pub retry_after: Option<u64>,
}

/// What is wrong where.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Detail {
    /// The event's place in the batch, from 0.
    pub index: usize,
    /// The field, as `packet.payload.options[1].id`.
    pub field: String,
    /// The code.
    pub code: &'static str,
}

impl ApiError {
    /// The error of a code, with a sentence.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: Vec::new(), retry_after: None }
    }

    /// The body (contract, 18).
    pub fn body(&self) -> Value {
        let mut error = json!({"code": self.code, "message": self.message});
        if !self.details.is_empty() {
            error["details"] = json!(self.details);
        }
        json!({"error": error})
    }
}

/// Reads the body of an API request as far as the session's name.
///
/// # Errors
/// `too_large`, `invalid_json`, `no_events`, `too_many_events`, `missing_cid`, `mixed_cids`.
pub fn open(body: &[u8]) -> Result<Envelope, ApiError> {
    if body.len() > MAX_BODY {
        return Err(ApiError::new(413, "too_large", "The body is larger than 1 MiB."));
    }
    Err(ApiError::new(400, "invalid_json", "The body is not JSON."))
}

/// Reads the answer to a call of `cid`; `None`: it was empty.
///
/// # Errors
/// As [`open`] and [`Envelope::read`], but for emptiness, which is fine; and `mixed_cids` for another session's name.
pub fn answer(body: &[u8], cid: &str) -> Result<Option<Batch>, ApiError> {
    let envelope = open(body)?;
    if envelope.cid != cid {
        return Err(ApiError::new(400, "mixed_cids", "The answer names another session than the call."));
    }
    envelope.read().map(Some)
}

impl Envelope {
    /// Phase 1: checks the form of every event and of the contexts (contract, 10, 12 and 13).
    ///
    /// # Errors
    /// `invalid_event`, `context_too_large`, `context_not_object`.
    pub fn read(&self) -> Result<Batch, ApiError> {
        Ok(Batch::default())
    }
}

impl Batch {
    /// The files to be fetched in phase 2, in order, each address once for each use.
    pub fn links(&self) -> Vec<FileLink> {
        Vec::new()
    }

    /// Phase 2: what was fetched is checked and taken along.
    ///
    /// # Errors
    /// `media_unreachable`, `unsupported_media`, `media_too_large`; the first link's that applies.
    pub fn with_files(self, _files: &Files) -> Result<Batch, ApiError> {
        Ok(self)
    }
}
