//! `tertulia migrate` and `tertulia backup`.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use serde_json::json;
use tertulia::config::Config;
use tertulia::store::{self, Connection};

/// A connection of the command line's own; the database is made and brought up to date if needed.
pub fn open(config: &Config) -> anyhow::Result<Connection> {
    std::fs::create_dir_all(&config.server.data_dir)
        .with_context(|| format!("cannot make the data directory {}", config.server.data_dir.display()))?;
    let mut connection = store::open_once(&config.database_path())?;
    store::migrate(&mut connection)?;
    Ok(connection)
}

/// Now, in microseconds since 1970-01-01 UTC.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Runs the migrations that are still to be run.
pub fn migrate(config: &Config) -> anyhow::Result<()> {
    std::fs::create_dir_all(&config.server.data_dir)?;
    let mut connection = store::open_once(&config.database_path())?;
    let run = store::migrate(&mut connection)?;
    println!("{}", json!({"database": config.database_path(), "migrations_run": run}));
    Ok(())
}

/// Makes a consistent copy.
pub fn backup(config: &Config, directory: &Path) -> anyhow::Result<()> {
    let made = store::backup::backup(&config.database_path(), &config.media_dir(), directory)?;
    for name in ["signing.key", "vapid.key"] {
        let key = config.server.data_dir.join(name);
        if key.exists() {
            std::fs::copy(&key, directory.join(name)).with_context(|| format!("cannot copy {name}"))?;
        }
    }
    println!("{}", json!({"directory": directory, "database_bytes": made.database_bytes, "files": made.files}));
    Ok(())
}
