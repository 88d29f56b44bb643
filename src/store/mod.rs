//! The only room that knows SQL: tables, queries, the writer, files.
//!
//! # What it promises
//!
//! - **Acknowledged means committed.** Every write goes through the one [`writer`], which drains its queue into one
//!   transaction, syncs, and only then answers. SQLite runs in WAL mode with `synchronous=FULL`.
//! - **A message costs a fixed number of writes**, whatever the number of members: one row for the message, one update
//!   of the thread's head (shared by all messages of the thread in the same batch). Who has read what is worked out
//!   from [`ReadState`](crate::domain::ReadState) when somebody looks.
//! - **Numbers are given in the transaction**: `seq` and `rev` come from the thread's head, in the order of the queue,
//!   so they are never given twice nor left out.
//! - Readers have connections of their own, which cannot write; they see what is committed.
//!
//! # Invariants
//!
//! Diesel is used nowhere else. Nothing here blocks an actor: reads run on blocking threads, writes on the writer's.
//! The queue is bounded: full means [`StoreError::Full`], and nothing that was accepted is dropped.

pub mod accounts;
pub mod backup;
pub mod botkit;
pub mod bots;
pub mod columns;
mod commit;
mod commit_message;
mod commit_seat;
mod connection;
pub mod conversations;
pub mod door_deliveries;
pub mod doors;
pub mod endpoints;
pub mod files;
pub mod jobs;
pub mod messages;
pub mod meta;
pub mod notifications;
pub mod organisation;
pub mod preferences;
pub mod results;
mod rows;
#[expect(missing_docs, reason = "diesel's macro makes modules that cannot be documented")]
pub mod schema;
pub mod schema_edit;
pub mod schema_list;
mod schema_rows;
pub mod schemas;
pub mod script_log;
pub mod search;
pub mod survey_items;
pub mod surveys;
#[cfg(test)]
mod tests;
pub mod threads;
pub mod transcripts;
pub mod unread;
pub mod writer;

use std::path::Path;
use std::sync::Arc;

use diesel::SqliteConnection;

/// A connection to the database; what queries of this room run on.
pub type Connection = SqliteConnection;

pub use connection::{look_once, migrate, open_once};
pub use files::Files;
pub use writer::{Answer, CommitError, Request};

use crate::config::Config;
use crate::domain::script::{Schema, SchemaId};
use crate::metrics::Metrics;

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such thing.
    #[error("there is no such row")]
    Missing,
    /// Something of that name or key exists already.
    #[error("it exists already: {0}")]
    Conflict(String),
    /// The writer's queue is full; come back a little later.
    #[error("the writer has too much waiting")]
    Full,
    /// The database failed or cannot be reached.
    #[error("the database failed: {0}")]
    Broken(String),
}

/// What may be missing without harm: a missing row is `None`, every other failure stays one.
pub fn if_there<T>(found: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(StoreError::Missing) => Ok(None),
        Err(error) => Err(error),
    }
}

impl From<diesel::result::Error> for StoreError {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind, Error};
        match error {
            Error::NotFound => StoreError::Missing,
            Error::DatabaseError(DatabaseErrorKind::UniqueViolation, details) => {
                StoreError::Conflict(details.message().to_owned())
            }
            other => StoreError::Broken(other.to_string()),
        }
    }
}

/// The store: readers, the writer, and files. Cloning is cheap.
#[derive(Clone)]
pub struct Store {
    readers: connection::Readers,
    writer: writer::Handle,
    files: Arc<Files>,
    schemas: schemas::Remembered,
}

impl Store {
    /// Opens the database (making it if there is none), brings it up to date and starts the writer.
    pub fn open(config: &Config, metrics: Metrics) -> Result<Store, StoreError> {
        let path = config.database_path();
        make_parent(&path)?;
        let mut connection = connection::open_once(&path)?;
        connection::settle(&mut connection);
        connection::migrate(&mut connection)?;
        meta::ensure_log_id(&mut connection)?;
        let readers = connection::readers(&path)?;
        let writer = writer::start(connection, metrics)?;
        let files = Arc::new(Files::open(&config.media_dir(), &config.media)?);
        Ok(Store { readers, writer, files, schemas: schemas::Remembered::default() })
    }

    /// Runs a query on a reader, away from the actors' threads.
    pub async fn read<T, F>(&self, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let readers = self.readers.clone();
        let run = move || query(&mut *connection::reader(&readers)?);
        tokio::task::spawn_blocking(run).await.map_err(|error| StoreError::Broken(error.to_string()))?
    }

    /// Runs `task` in the writer's next transaction; answers once it is committed.
    pub async fn write<T, F>(&self, task: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send + 'static,
    {
        self.writer.run(task).await
    }

    /// A schema with everything in it. What is out is remembered, so reading it again costs nothing; whether it is
    /// deprecated by now is not known from here.
    pub async fn schema(&self, id: SchemaId) -> Result<Arc<Schema>, StoreError> {
        if let Some(known) = self.schemas.get(id) {
            return Ok(known);
        }
        let schema = Arc::new(self.read(move |connection| schemas::load(connection, id)).await?);
        self.schemas.put(&schema);
        Ok(schema)
    }

    /// These schemas, as far as they exist.
    pub async fn schemas(&self, ids: Vec<SchemaId>) -> Result<Vec<Arc<Schema>>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.extend(if_there(self.schema(id).await)?);
        }
        Ok(found)
    }

    /// Forgets a schema that was changed although it is out, so that it is read again.
    pub fn forget_schema(&self, id: SchemaId) {
        self.schemas.forget(id);
    }

    /// Queues a decision for the writer's next transaction. The answer comes back through `request.reply`.
    pub fn submit(&self, request: Request) -> Result<(), StoreError> {
        self.writer.submit(request)
    }

    /// Told after each commit that wrote a job.
    pub fn jobs_written(&self) -> Arc<tokio::sync::Notify> {
        self.writer.jobs_written()
    }

    /// How much waits for the writer.
    pub fn queued(&self) -> usize {
        self.writer.queued()
    }

    /// Uploaded files.
    pub fn files(&self) -> &Arc<Files> {
        &self.files
    }

    /// Commits what is queued and stops the writer; what comes later is refused.
    pub async fn close(&self) {
        self.writer.close().await;
    }
}

fn make_parent(path: &Path) -> Result<(), StoreError> {
    let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) else { return Ok(()) };
    std::fs::create_dir_all(parent)
        .map_err(|error| StoreError::Broken(format!("cannot make the directory {}: {error}", parent.display())))
}
