//! A batch: what a bot answers to a call, or asks of the API endpoint (contract, 10, 11, 13 and 18).
//!
//! An API request goes [`open`] (400 of the whole), then the session's own checks
//! ([`Conversation::admit`](super::state::Conversation::admit)), then [`Envelope::read`] (phase 1), then
//! [`Batch::links`] are fetched and handed back by [`Batch::with_files`] (phase 2), then
//! [`Input::Api`](super::step::Input::Api) (phase 3).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::event::{ChoiceEvent, Event};
use super::reading;

/// The most events in a batch.
pub const MAX_EVENTS: usize = 50;
/// The largest body in bytes, in both directions.
pub const MAX_BODY: usize = 1 << 20;
/// The largest context, in bytes of JSON without white space.
pub const MAX_CONTEXT: usize = 10_240;
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
    let events = events(body)?;
    if events.is_empty() {
        return Err(ApiError::new(400, "no_events", "There is no event in the body."));
    }
    if events.len() > MAX_EVENTS {
        return Err(ApiError::new(400, "too_many_events", format!("{} events are more than 50.", events.len())));
    }
    let mut cids = BTreeSet::new();
    for event in &events {
        let cid = event.pointer("/info/cid").and_then(Value::as_str);
        let cid = cid.ok_or_else(|| ApiError::new(400, "missing_cid", "An event has no `info.cid`."))?;
        cids.insert(cid);
    }
    let mixed = || ApiError::new(400, "mixed_cids", "The events name more than one session.");
    let cid = cids.first().filter(|_| cids.len() == 1).map(|cid| (*cid).to_owned()).ok_or_else(mixed)?;
    Ok(Envelope { cid, events })
}

/// The events of a body: none, one object, or a list.
fn events(body: &[u8]) -> Result<Vec<Value>, ApiError> {
    if body.len() > MAX_BODY {
        return Err(ApiError::new(413, "too_large", "The body is larger than 1 MiB."));
    }
    // some libraries write a byte order mark before their JSON
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
    if body.is_empty() {
        return Ok(Vec::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Null) => Ok(Vec::new()),
        Ok(Value::Array(events)) => Ok(events),
        Ok(Value::Object(event)) if event.is_empty() => Ok(Vec::new()),
        Ok(event @ Value::Object(_)) => Ok(vec![event]),
        Ok(_) => Err(ApiError::new(400, "invalid_json", "The body is neither an object nor a list.")),
        Err(error) => Err(ApiError::new(400, "invalid_json", format!("The body is not JSON: {error}."))),
    }
}

/// Reads the answer to a call of `cid`; an empty one is an empty batch.
///
/// # Errors
/// As [`open`] and [`Envelope::read`], but for emptiness, which is fine; and `mixed_cids` for another session's name.
pub fn answer(body: &[u8], cid: &str) -> Result<Batch, ApiError> {
    let envelope = match open(body) {
        Err(error) if error.code == "no_events" => return Ok(Batch::default()),
        opened => opened?,
    };
    if envelope.cid != cid {
        return Err(ApiError::new(400, "mixed_cids", "The answer names another session than the call."));
    }
    envelope.read()
}

impl Envelope {
    /// Phase 1: checks the form of every event and of the contexts (contract, 10, 12 and 13).
    ///
    /// # Errors
    /// `invalid_event`, `context_too_large`, `context_not_object`.
    pub fn read(&self) -> Result<Batch, ApiError> {
        let (events, details) = reading::events(&self.events);
        if !details.is_empty() {
            let wrong: BTreeSet<usize> = details.iter().map(|detail| detail.index).collect();
            let (wrong, all) = (wrong.len(), self.events.len());
            let verb = if wrong == 1 { "event of {} is" } else { "events of {} are" }.replace("{}", &all.to_string());
            let message = format!("{wrong} {verb} not well formed");
            return Err(ApiError { details, ..ApiError::new(400, "invalid_event", message) });
        }
        Ok(Batch { context: context(&self.events)?, events })
    }
}

/// The context that is left standing (contract, 13): the last that is neither absent nor empty.
///
/// # Errors
/// `context_too_large`, `context_not_object`; the first event's that applies.
pub fn context(events: &[Value]) -> Result<Option<Map<String, Value>>, ApiError> {
    let mut standing = None;
    for event in events {
        match event.pointer("/info/context") {
            None | Some(Value::Null) => {}
            Some(Value::Object(context)) => {
                // JSON without white space, as it is counted
                let size = serde_json::to_vec(context).map_or(usize::MAX, |json| json.len());
                if size > MAX_CONTEXT {
                    let message = format!("The context has {size} bytes; {MAX_CONTEXT} is the most.");
                    return Err(ApiError::new(400, "context_too_large", message));
                }
                if !context.is_empty() {
                    standing = Some(context.clone());
                }
            }
            Some(_) => return Err(ApiError::new(400, "context_not_object", "`info.context` is not an object.")),
        }
    }
    Ok(standing)
}

impl Batch {
    /// The files to be fetched in phase 2, in order.
    pub fn links(&self) -> Vec<FileLink> {
        self.events.iter().filter_map(link).collect()
    }

    /// Phase 2: what was fetched is checked and taken along.
    ///
    /// # Errors
    /// `media_unreachable`, `unsupported_media`, `media_too_large`; the first link's that applies.
    pub fn with_files(mut self, files: &Files) -> Result<Batch, ApiError> {
        for event in &mut self.events {
            let Some(FileLink { link, wanted }) = link(event) else { continue };
            let found = check(&link, wanted, files)?;
            match event {
                Event::Media { file, .. } => *file = Some(found),
                Event::Choice(choice) => choice.header_file = Some(found),
                _ => {}
            }
        }
        Ok(self)
    }
}

/// The file that an event needs.
fn link(event: &Event) -> Option<FileLink> {
    match event {
        Event::Media { link, .. } => Some(FileLink { link: link.clone(), wanted: Wanted::Shown }),
        Event::Choice(ChoiceEvent { header: Some(header), .. }) => {
            let wanted = match header.get("type")?.as_str()? {
                "image" => Wanted::Image,
                "video" => Wanted::Video,
                _ => Wanted::Document,
            };
            Some(FileLink { link: header.get("link")?.as_str()?.to_owned(), wanted })
        }
        _ => None,
    }
}

fn check(link: &str, wanted: Wanted, files: &Files) -> Result<File, ApiError> {
    let unreachable = || ApiError::new(502, "media_unreachable", format!("{link} could not be fetched."));
    let too_large = || ApiError::new(422, "media_too_large", format!("{link} is larger than 20 MiB."));
    let file = match files.get(link) {
        None | Some(Err(FileFailure::Unreachable)) => return Err(unreachable()),
        Some(Err(FileFailure::TooLarge)) => return Err(too_large()),
        Some(Ok(file)) => file,
    };
    let family = file.mime_type.split('/').next().unwrap_or_default().trim().to_ascii_lowercase();
    let right = match wanted {
        Wanted::Shown => ["image", "video", "audio"].contains(&family.as_str()),
        Wanted::Image => family == "image",
        Wanted::Video => family == "video",
        Wanted::Document => true,
    };
    if !right {
        let message = format!("{link} is of type {}, which cannot be shown there.", file.mime_type);
        return Err(ApiError::new(422, "unsupported_media", message));
    }
    if file.size > MAX_FILE { Err(too_large()) } else { Ok(file.clone()) }
}
