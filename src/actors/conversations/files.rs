//! Files that bots name: fetched before anything of their batch is carried out (bot-webhooks contract, 10, phase 2).

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};

use super::super::House;
use crate::domain::attachment::{Kind, NewAttachment};
use crate::domain::conversation::batch::{ApiError, Batch, File, FileFailure, Files, MAX_FILE};
use crate::domain::held::FetchedFile;
use crate::outbound::Caller;
use crate::outbound::calls::NoReply;

/// Files of one batch that are fetched at once.
const AT_ONCE: usize = 4;
/// The type of what nobody recognises.
const UNKNOWN: &str = "application/octet-stream";

/// A batch with what is behind its links, and where that is kept now.
///
/// # Errors
/// The code of the first file that cannot be had; nothing is kept then.
pub(super) async fn fetch(
    house: &House,
    caller: &Caller,
    batch: Batch,
) -> Result<(Batch, BTreeMap<String, FetchedFile>), ApiError> {
    let links: BTreeSet<String> = batch.links().into_iter().map(|link| link.link).collect();
    if links.is_empty() {
        return Ok((batch, BTreeMap::new()));
    }
    let one = |link: String| async move {
        let found = get(house, caller, &link).await;
        (link, found)
    };
    let found: Vec<(String, Result<FetchedFile, FileFailure>)> =
        stream::iter(links.into_iter().map(one)).buffer_unordered(AT_ONCE).collect().await;
    let seen = |file: &FetchedFile| File { mime_type: file.mime_type.clone(), size: file.size };
    let files: Files =
        found.iter().map(|(link, file)| (link.clone(), file.as_ref().map(seen).map_err(|it| *it))).collect();
    let kept: BTreeMap<String, FetchedFile> =
        found.into_iter().filter_map(|(link, file)| Some((link, file.ok()?))).collect();
    match batch.with_files(&files) {
        Ok(batch) => Ok((batch, kept)),
        Err(error) => {
            forget(house, kept);
            Err(error)
        }
    }
}

/// Removes files that nothing refers to.
pub(super) fn forget(house: &House, files: BTreeMap<String, FetchedFile>) {
    let unused: Vec<String> =
        files.into_values().flat_map(|file| file.file.into_iter().chain(file.thumbnail)).collect();
    if !unused.is_empty() {
        let store = house.store.files().clone();
        tokio::task::spawn_blocking(move || store.remove(&unused));
    }
}

async fn get(house: &House, caller: &Caller, link: &str) -> Result<FetchedFile, FileFailure> {
    let limit = usize::try_from(MAX_FILE).unwrap_or(usize::MAX);
    let bytes = caller.fetch(link, limit).await.map_err(|why| match why {
        NoReply::TooLarge => FileFailure::TooLarge,
        NoReply::Connect | NoReply::Timeout | NoReply::Broken => FileFailure::Unreachable,
    })?;
    let name = name_of(link);
    let store = house.store.files().clone();
    let work = move || {
        let kind = infer::get(&bytes);
        let mime_type = kind.map_or(UNKNOWN, |kind| kind.mime_type()).to_owned();
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let ending = kind.map_or("bin", |kind| kind.extension());
        let stored = store.store_fetched(&bytes, ending).map_err(|error| {
            tracing::warn!(%error, "a file of a bot could not be stored");
            FileFailure::Unreachable
        })?;
        Ok(FetchedFile { mime_type, size, name, file: Some(stored.file), thumbnail: stored.thumbnail })
    };
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(FileFailure::Unreachable))
}

/// The last part of an address' path: what a file is called there.
fn name_of(link: &str) -> String {
    let path = link.split(['?', '#']).next().unwrap_or_default();
    let leaf: String = path.rsplit('/').next().unwrap_or_default().chars().take(100).collect();
    if leaf.is_empty() { "file".to_owned() } else { leaf }
}

/// What hangs on the message that shows the file.
pub(super) fn attachment(file: &FetchedFile) -> Option<NewAttachment> {
    Some(NewAttachment {
        kind: if file.thumbnail.is_some() { Kind::Image } else { Kind::File },
        title: file.name.clone(),
        description: String::new(),
        options: None,
        object_id: None,
        content_type: None,
        file: Some(file.file.clone()?),
        thumbnail_file: file.thumbnail.clone(),
        url: None,
        idempotency_key: None,
    })
}
