//! Files on their way in: decoded, judged and written before the command that refers to them is decided.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::House;
use super::doorway::act;
use super::respond::Done;
use crate::domain::attachment::{AttachmentForm, Kind, NewAttachment};
use crate::domain::decide::Command;
use crate::domain::posting::Post;
use crate::domain::refusal::NON_FIELD;
use crate::domain::{AccountId, FieldErrors, Refusal, ThreadId};
use crate::store::Files;
use crate::store::files::{FileRefused, Stored};

/// Why attachments were not taken.
#[derive(Debug)]
pub enum NotTaken {
    /// What is wrong with them: of several, a list parallel to the bodies (contract, 12).
    Complaints(Value),
    /// The disk failed; another try may work.
    Unavailable,
}

impl NotTaken {
    /// Adds what is wrong to the complaints about a message; a disk that failed is a refusal of its own.
    pub fn add_to(self, errors: &mut FieldErrors) -> Result<(), Refusal> {
        match self {
            NotTaken::Unavailable => Err(Refusal::Unavailable),
            NotTaken::Complaints(complaints) => {
                let mut own = FieldErrors::new();
                own.set("attachments", complaints);
                errors.merge_weaker(own);
                Ok(())
            }
        }
    }
}

/// The attachments of a message, ready to be stored. When one is refused, the files of the others are removed again.
pub async fn prepare(house: &House, forms: Vec<AttachmentForm>) -> Result<Vec<NewAttachment>, NotTaken> {
    if forms.is_empty() {
        return Ok(Vec::new());
    }
    let files = house.store.files().clone();
    let work = move || {
        let prepared: Vec<Result<NewAttachment, NotTaken>> =
            forms.into_iter().map(|form| prepare_one(&files, form)).collect();
        if prepared.iter().all(Result::is_ok) {
            return Ok(prepared.into_iter().flatten().collect());
        }
        files.remove(&prepared.iter().flatten().flat_map(NewAttachment::files).collect::<Vec<_>>());
        let complaints: Option<Vec<Value>> = prepared
            .into_iter()
            .map(|one| match one {
                Ok(_) => Some(Value::Object(serde_json::Map::new())),
                Err(NotTaken::Complaints(complaints)) => Some(complaints),
                Err(NotTaken::Unavailable) => None,
            })
            .collect();
        Err(complaints.map_or(NotTaken::Unavailable, |all| NotTaken::Complaints(Value::Array(all))))
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(prepared) => prepared,
        Err(error) => {
            tracing::error!(%error, "preparing attachments failed");
            Err(NotTaken::Unavailable)
        }
    }
}

fn complaint(errors: &FieldErrors) -> NotTaken {
    NotTaken::Complaints(serde_json::to_value(errors).unwrap_or_default())
}

fn prepare_one(files: &Files, form: AttachmentForm) -> Result<NewAttachment, NotTaken> {
    let (mut form, kind) = match form.kind {
        Some(kind) if form.errors.is_empty() => (form, kind),
        _ => return Err(complaint(&form.errors)),
    };
    if !kind.has_file() {
        return Ok(form.into_new(kind, None, None));
    }
    let stored = store_content(files, &mut form, kind)?;
    Ok(form.into_new(kind, Some(stored.file), stored.thumbnail))
}

/// Writes the content of a form that carries a file.
pub fn store_content(files: &Files, form: &mut AttachmentForm, kind: Kind) -> Result<Stored, NotTaken> {
    let incorrect = || complaint(&FieldErrors::one(NON_FIELD, "INCORRECT_TYPE"));
    let too_large = || complaint(&FieldErrors::one("file_content", "TOO_LARGE"));
    let bytes = match (form.file_bytes.take(), form.file_content.take()) {
        (Some(bytes), _) => bytes,
        // base64 is a third longer than what it says
        (None, Some(text)) if text.len() / 4 * 3 > files.max_bytes() + 4 => return Err(too_large()),
        (None, Some(text)) => STANDARD.decode(plain(&text)).map_err(|_| incorrect())?,
        (None, None) => return Err(complaint(&FieldErrors::one("file_content", "REQUIRED"))),
    };
    let stored = match kind {
        Kind::Image => files.store_image(&bytes),
        _ => files.store_file(form.title.as_deref().unwrap_or_default(), &bytes),
    };
    stored.map_err(|refused| match refused {
        FileRefused::WrongKind => incorrect(),
        FileRefused::TooLarge => too_large(),
        FileRefused::Broken(error) => {
            tracing::error!(%error, "a file could not be stored");
            NotTaken::Unavailable
        }
    })
}

/// Base64 without line breaks and without the head of a data URL.
fn plain(text: &str) -> String {
    let body = match text.strip_prefix("data:").and_then(|rest| rest.split_once(',')) {
        Some((_, body)) => body,
        None => text,
    };
    body.chars().filter(|character| !character.is_ascii_whitespace()).collect()
}

/// Posts a message whose attachments are still to be looked at; what was written for a refused post is removed again.
pub async fn post(
    house: &House,
    thread: ThreadId,
    account: AccountId,
    mut post: Post,
    forms: Vec<AttachmentForm>,
) -> Result<Done, Refusal> {
    match prepare(house, forms).await {
        Ok(attachments) => post.attachments = attachments,
        Err(not_taken) => not_taken.add_to(&mut post.errors)?,
    }
    let files = post.attachments.clone();
    let done = act(house, thread, account, Command::Post(Box::new(post))).await;
    if let Err(refusal) = &done {
        discard(house, refusal, &files);
    }
    done
}

/// Removes the files of attachments whose command was refused, if the refusal proves that nothing refers to them: after
/// `busy` the command may still be stored.
pub fn discard(house: &House, refusal: &Refusal, attachments: &[NewAttachment]) {
    if matches!(refusal, Refusal::Busy { .. }) {
        return;
    }
    let unused: Vec<String> = attachments.iter().flat_map(NewAttachment::files).collect();
    if !unused.is_empty() {
        let files: Arc<Files> = house.store.files().clone();
        tokio::task::spawn_blocking(move || files.remove(&unused));
    }
}
