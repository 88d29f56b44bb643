//! Facts about the database itself: which history its revisions belong to, whether demo data was made.

use diesel::prelude::*;

use super::StoreError;
use super::schema::meta;

/// The key of the history's id (design, part 4: *log id*).
const LOG_ID: &str = "log_id";

/// The value of a key.
pub fn get(connection: &mut SqliteConnection, key: &str) -> Result<Option<String>, StoreError> {
    Ok(meta::table.find(key).select(meta::value).first(connection).optional()?)
}

/// Sets the value of a key.
pub fn set(connection: &mut SqliteConnection, key: &str, value: &str) -> Result<(), StoreError> {
    diesel::insert_into(meta::table)
        .values((meta::key.eq(key), meta::value.eq(value)))
        .on_conflict(meta::key)
        .do_update()
        .set(meta::value.eq(value))
        .execute(connection)?;
    Ok(())
}

/// Makes a log id where there is none: in a new database, and in one restored from a backup.
pub fn ensure_log_id(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    if get(connection, LOG_ID)?.is_none() {
        set(connection, LOG_ID, &super::files::random_name())?;
    }
    Ok(())
}

/// The history's id.
pub fn log_id(connection: &mut SqliteConnection) -> Result<String, StoreError> {
    get(connection, LOG_ID)?.ok_or(StoreError::Missing)
}

/// Forgets the log id, so that the next start makes a new one: what a backup copy does.
pub fn forget_log_id(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    diesel::delete(meta::table.find(LOG_ID)).execute(connection)?;
    Ok(())
}
