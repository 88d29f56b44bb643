//! What came in from providers: each update once, for as long as `bots.retention` (B36, B40, B43, B88).

use diesel::prelude::*;

use super::super::StoreError;
use super::super::schema::bot_updates;
use super::super::schema::jobs;
use crate::domain::Micros;

/// Notes an update; whether it is new.
pub fn is_new(
    connection: &mut SqliteConnection,
    integration: &str,
    mark: &str,
    now: Micros,
) -> Result<bool, StoreError> {
    let row = diesel::insert_or_ignore_into(bot_updates::table).values((
        bot_updates::integration_id.eq(integration),
        bot_updates::mark.eq(mark),
        bot_updates::done.eq(false),
        bot_updates::seen.eq(now),
    ));
    Ok(row.execute(connection)? == 1)
}

/// Notes that the turn of an update has had its effects; whether this is the first time.
pub fn finish(connection: &mut SqliteConnection, integration: &str, mark: &str) -> Result<bool, StoreError> {
    let row = bot_updates::table.find((integration, mark)).filter(bot_updates::done.eq(false));
    Ok(diesel::update(row).set(bot_updates::done.eq(true)).execute(connection)? == 1)
}

/// Whether the turn of an update has had its effects.
pub fn is_done(connection: &mut SqliteConnection, integration: &str, mark: &str) -> Result<bool, StoreError> {
    let found = bot_updates::table.find((integration, mark)).select(bot_updates::done);
    Ok(found.first(connection).optional()?.unwrap_or(true))
}

/// Forgets what came in before.
pub fn forget_before(connection: &mut SqliteConnection, before: Micros) -> Result<usize, StoreError> {
    Ok(diesel::delete(bot_updates::table.filter(bot_updates::seen.lt(before))).execute(connection)?)
}

/// Takes back the jobs of a recipient that nobody has begun.
pub fn drop_waiting(connection: &mut SqliteConnection, recipient: &str) -> Result<(), StoreError> {
    let waiting = jobs::table.filter(jobs::recipient.eq(recipient)).filter(jobs::state.eq("waiting"));
    diesel::delete(waiting).execute(connection)?;
    Ok(())
}
