//! Connections: how each is set up, the readers' pool, migrations.

use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection};
use diesel::{Connection, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::StoreError;

/// The readers' pool.
pub(super) type Readers = Pool<ConnectionManager<SqliteConnection>>;

/// Readers at once. More do not help: a query takes microseconds, and each has a cache of its own.
const READERS: u32 = 4;
/// How long a reader is waited for.
const READER_WAIT: Duration = Duration::from_secs(5);

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// `busy_timeout` comes first: switching to WAL takes a lock. FULL syncs the log on every commit. A longer log (16 MB) means
/// that a page that changes often is copied into the database less often.
const SETUP: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                     PRAGMA foreign_keys = ON; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY; \
                     PRAGMA wal_autocheckpoint = 4000;";

#[derive(Debug)]
struct ReadOnly;

impl CustomizeConnection<SqliteConnection, diesel::r2d2::Error> for ReadOnly {
    fn on_acquire(&self, connection: &mut SqliteConnection) -> Result<(), diesel::r2d2::Error> {
        let set_up = connection.batch_execute(SETUP).and_then(|()| connection.batch_execute("PRAGMA query_only = ON;"));
        set_up.map_err(diesel::r2d2::Error::QueryError)
    }
}

/// One connection that may write.
pub fn open_once(path: &Path) -> Result<SqliteConnection, StoreError> {
    let name = path.to_string_lossy();
    let mut connection = SqliteConnection::establish(&name)
        .map_err(|error| StoreError::Broken(format!("cannot open the database {name}: {error}")))?;
    connection.batch_execute(SETUP)?;
    Ok(connection)
}

/// One connection that only reads; `None` when there is no database yet.
pub fn look_once(path: &Path) -> Result<Option<SqliteConnection>, StoreError> {
    if !path.exists() {
        return Ok(None);
    }
    let mut connection = open_once(path)?;
    connection.batch_execute("PRAGMA query_only = ON;")?;
    Ok(Some(connection))
}

/// Moves what an earlier run left in the log into the database, and syncs it. When that run ended because a sync failed,
/// the log can be read but may not be on the disk, and what is appended to it would be lost with it. A full disk is no
/// reason not to start: there is room again some time.
pub(super) fn settle(connection: &mut SqliteConnection) {
    if let Err(error) = connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE);") {
        tracing::warn!(%error, "the database's log could not be taken in");
    }
}

/// Runs the migrations that are still to be run; how many those were. A database that is newer than this program is
/// refused, since an old program would write what the new one does not expect.
pub fn migrate(connection: &mut SqliteConnection) -> Result<usize, StoreError> {
    let broken = |error: Box<dyn std::error::Error + Send + Sync>| StoreError::Broken(error.to_string());
    let known: Vec<String> = {
        use diesel::migration::{Migration, MigrationSource};
        let migrations: Vec<Box<dyn Migration<diesel::sqlite::Sqlite>>> = MIGRATIONS.migrations().map_err(broken)?;
        migrations.iter().map(|migration| migration.name().version().to_string()).collect()
    };
    let applied = connection.applied_migrations().map_err(broken)?;
    if let Some(newer) = applied.iter().find(|version| !known.contains(&version.to_string())) {
        let text = format!(
            "the database has migration {newer}, which this version does not know; run the newer version, or restore a backup"
        );
        return Err(StoreError::Broken(text));
    }
    Ok(connection.run_pending_migrations(MIGRATIONS).map_err(broken)?.len())
}

/// The readers' pool of that database.
pub(super) fn readers(path: &Path) -> Result<Readers, StoreError> {
    Pool::builder()
        .max_size(READERS)
        .connection_timeout(READER_WAIT)
        .connection_customizer(Box::new(ReadOnly))
        .build(ConnectionManager::new(path.to_string_lossy()))
        .map_err(|error| StoreError::Broken(error.to_string()))
}

/// One reader; blocks until one is free.
pub(super) fn reader(pool: &Readers) -> Result<PooledConnection<ConnectionManager<SqliteConnection>>, StoreError> {
    pool.get().map_err(|error| StoreError::Broken(error.to_string()))
}
