//! A consistent copy while the server runs.

use std::fs;
use std::path::Path;

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::{StoreError, meta, open_once};

/// What a backup holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Backup {
    /// Uploaded files copied.
    pub files: usize,
    /// Bytes of the database copy.
    pub database_bytes: u64,
}

fn broken(what: &str, path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Broken(format!("cannot {what} {}: {error}", path.display()))
}

/// Copies the database at `database` and the files below `media` into the new directory `target`.
///
/// The copy of the database is made in one read transaction (`VACUUM INTO`), so it is as of one moment; files are copied
/// after it, so each row of it finds its file. The copy has no log id: a server started on it makes a new one, and
/// clients that knew later revisions fetch anew.
pub fn backup(database: &Path, media: &Path, target: &Path) -> Result<Backup, StoreError> {
    if !database.exists() {
        return Err(StoreError::Broken(format!("there is no database at {}", database.display())));
    }
    fs::create_dir_all(target).map_err(|error| broken("make", target, &error))?;
    let copy = target.join("tertulia.sqlite3");
    if copy.exists() {
        return Err(StoreError::Conflict(format!("{} (choose an empty directory)", copy.display())));
    }
    let mut connection = open_once(database)?;
    diesel::sql_query("VACUUM INTO ?").bind::<Text, _>(copy.to_string_lossy()).execute(&mut connection)?;
    let mut copied = open_once(&copy)?;
    meta::forget_log_id(&mut copied)?;
    // everything into the one file, so that it can be moved alone
    diesel::sql_query("PRAGMA journal_mode = DELETE").execute(&mut copied)?;
    drop(copied);
    let files = copy_dir(media, &target.join("media"))?;
    let database_bytes = fs::metadata(&copy).map_err(|error| broken("read", &copy, &error))?.len();
    Ok(Backup { files, database_bytes })
}

/// Copies a directory of at most a few levels; how many files those were.
fn copy_dir(from: &Path, to: &Path) -> Result<usize, StoreError> {
    fs::create_dir_all(to).map_err(|error| broken("make", to, &error))?;
    let Ok(entries) = fs::read_dir(from) else { return Ok(0) };
    let mut copied = 0;
    for entry in entries.flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copied += copy_dir(&source, &target)?;
        } else if let Err(error) = fs::copy(&source, &target) {
            // a file that was removed meanwhile is referred to by no row that matters
            if error.kind() != std::io::ErrorKind::NotFound {
                return Err(broken("copy", &source, &error));
            }
        } else {
            copied += 1;
        }
    }
    Ok(copied)
}
