//! What somebody said in a conversation, on its way to who holds it. The message is stored already.

use super::super::House;
use super::calls::later;
use super::take::{Moved, take};
use crate::domain::attachment::{Attachment, Kind};
use crate::domain::content::{Content, Media};
use crate::domain::conversation::convert::family;
use crate::domain::conversation::step::{Input, Said};
use crate::domain::{Message, ThreadId};
use crate::outbound::Failure;
use crate::store::jobs::MessageMade;
use crate::store::{conversations, if_there, messages};

/// The type of a file of which nobody knows more.
const UNKNOWN: &str = "application/octet-stream";

/// Hears a message. One that was heard is not heard again.
pub(super) async fn hear(house: &House, MessageMade { thread, seq }: MessageMade) -> Result<(), Failure> {
    let read = move |connection: &mut _| {
        let Some(kept) = conversations::load(connection, thread)? else { return Ok(None) };
        let message = if_there(messages::at(connection, thread, seq))?;
        Ok(message.filter(|_| kept.heard < seq).map(|message| (message, kept.contact)))
    };
    let Some((message, contact)) = house.store.read(read).await? else { return Ok(()) };
    // what staff and others say is not what the bot answers
    let inputs = if message.sender == Some(contact) && !message.deleted {
        said(house, thread, &message).await.into_iter().map(Input::Said).collect()
    } else {
        Vec::new()
    };
    let moved = Moved { inputs, heard: Some(message), heard_upto: Some(seq), ..Moved::default() };
    take(house, thread, moved).await.map_err(|refusal| later(&refusal))?;
    house.listening.tell(thread);
    Ok(())
}

/// What a message says: each file is one thing said, the text goes with the first.
async fn said(house: &House, thread: ThreadId, message: &Message) -> Vec<Said> {
    match &message.content {
        Some(Content::Location(place)) => return vec![Said::Location(place.clone())],
        Some(Content::Media(media)) if message.attachments.is_empty() => return vec![Said::Media(media.clone())],
        _ => {}
    }
    let mut caption = Some(message.text.clone()).filter(|text| !text.is_empty());
    let files: Vec<&Attachment> = message.attachments.iter().filter(|one| one.file.is_some()).collect();
    if files.is_empty() {
        return vec![Said::Text(message.text.clone())];
    }
    let mut all = Vec::with_capacity(files.len());
    for one in files {
        all.push(Said::Media(media(house, thread, one, caption.take()).await));
    }
    all
}

/// A file of a contact's, as bots fetch it: its address tells nobody else where it is, and needs no further credentials.
async fn media(house: &House, thread: ThreadId, one: &Attachment, caption: Option<String>) -> Media {
    let file = one.file.clone().unwrap_or_default();
    let path = house.store.files().path(&file);
    let look = move || {
        let path = path?;
        let kind = infer::get_from_path(&path).ok().flatten().map(|kind| kind.mime_type().to_owned());
        let size = std::fs::metadata(&path).ok().and_then(|about| i64::try_from(about.len()).ok());
        Some((kind, size))
    };
    let (kind, size) = tokio::task::spawn_blocking(look).await.ok().flatten().unwrap_or_default();
    let mime_type = kind.unwrap_or_else(|| by_ending(&file).to_owned());
    tracing::debug!(thread, "a file is told to a bot");
    Media {
        link: format!("{}/media/{file}", house.public_url()),
        kind: if one.kind == Kind::Image { "image" } else { family(&mime_type) }.to_owned(),
        mime_type: Some(mime_type),
        name: Some(if one.title.is_empty() { file } else { one.title.clone() }),
        size,
        caption,
    }
}

/// The type of texts, which have no mark in their bytes.
fn by_ending(file: &str) -> &'static str {
    match file.rsplit('.').next().unwrap_or_default() {
        "txt" => "text/plain",
        "csv" => "text/csv",
        "json" => "application/json",
        "html" | "htm" => "text/html",
        "svg" => "image/svg+xml",
        _ => UNKNOWN,
    }
}
