//! How what is said is handed on through doors: taken once by whoever asks, or owed as jobs; and the sessions that doors
//! gave to browsers.

use diesel::dsl::exists;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::jobs::{self, NewJob};
use super::schema::{door_sessions, door_threads, jobs as job_rows};
use super::{StoreError, doors, messages};
use crate::domain::doors::Place;
use crate::domain::{AccountId, Message, Micros, Seq, ThreadId};

/// Something was said to a person outside, and a connector has to hand it on: [`Owed`].
pub const HAND_ON: &str = "hand_on";

/// How long a session that a door gave is kept after its last use, in microseconds.
pub const SESSION_KEPT: Micros = 30 * 86_400 * 1_000_000;
/// The most old sessions that are forgotten at once.
const FORGET: i64 = 100;

/// What a job of the kind [`HAND_ON`] is about.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Owed {
    /// The door.
    pub door: String,
    /// The door's name for the conversation.
    pub conversation: String,
    /// When the first of it was said.
    pub since: Micros,
}

/// The recipient of everything that leaves through a door's conversation, in order.
pub fn recipient(door: &str, conversation: &str) -> String {
    format!("door:{door}:{conversation}")
}

/// Notes that the doors of the thread owe their person what `sender` said.
pub(super) fn note_owed(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    sender: Option<AccountId>,
    now: Micros,
) -> Result<(), StoreError> {
    let durable = door_threads::table.filter(door_threads::thread_id.eq(thread)).filter(door_threads::durable.eq(true));
    let found = durable.select((door_threads::door, door_threads::conversation, door_threads::account_id));
    for (door, conversation, account) in found.load::<(String, String, AccountId)>(connection)? {
        if sender != Some(account) {
            owe(connection, &Owed { door, conversation, since: now }, now, now)?;
        }
    }
    Ok(())
}

/// Writes the job.
pub fn owe(connection: &mut SqliteConnection, owed: &Owed, due: Micros, now: Micros) -> Result<(), StoreError> {
    let recipient = recipient(&owed.door, &owed.conversation);
    jobs::add(connection, &NewJob { kind: HAND_ON, recipient, payload: json!(owed), due }, now)?;
    Ok(())
}

/// What was said to the person and not handed on yet, at most `limit`; it counts as handed on from now on.
pub fn take(
    connection: &mut SqliteConnection,
    (door, conversation): (&str, &str),
    place: &Place,
    hidden: &[String],
    limit: i64,
) -> Result<Vec<Message>, StoreError> {
    let known = doors::find(connection, door, conversation)?.ok_or(StoreError::Missing)?;
    let said = messages::said_to(connection, place.thread, place.account.id, known.delivered, hidden, limit)?;
    if let Some(last) = said.last() {
        doors::deliver(connection, door, conversation, last.seq)?;
    }
    Ok(said)
}

/// Whether the person said something of this name before.
pub fn was_said(connection: &mut SqliteConnection, place: &Place, client_id: &str) -> Result<bool, StoreError> {
    match messages::load_by_client_id(connection, place.thread, place.account.id, client_id) {
        Ok(_) => Ok(true),
        Err(StoreError::Missing) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether the bots of the thread could not do what they were to do about what was said at this position.
pub fn has_failed(connection: &mut SqliteConnection, thread: ThreadId, seq: Seq) -> Result<bool, StoreError> {
    let payload = json!(jobs::MessageMade { thread, seq }).to_string();
    let failed = job_rows::table
        .filter(job_rows::recipient.eq(jobs::conversation(thread)))
        .filter(job_rows::payload.eq(payload))
        .filter(job_rows::last_error.is_not_null());
    Ok(diesel::select(exists(failed)).get_result(connection)?)
}

/// Remembers a session that was given to a browser, and forgets what nobody used for long.
pub fn give_session(
    connection: &mut SqliteConnection,
    (door, session): (&str, &str),
    owner: Option<&str>,
    now: Micros,
) -> Result<(), StoreError> {
    let old = door_sessions::table.filter(door_sessions::used.lt(now - SESSION_KEPT)).limit(FORGET);
    let old: Vec<(String, String)> = old.select((door_sessions::door, door_sessions::session)).load(connection)?;
    for (door, session) in old {
        diesel::delete(door_sessions::table.find((door, session))).execute(connection)?;
    }
    diesel::insert_into(door_sessions::table)
        .values((
            door_sessions::door.eq(door),
            door_sessions::session.eq(session),
            door_sessions::owner.eq(owner),
            door_sessions::created.eq(now),
            door_sessions::used.eq(now),
        ))
        .execute(connection)?;
    Ok(())
}

/// Whether the session was given to this owner and is still kept; then it is used now.
pub fn use_session(
    connection: &mut SqliteConnection,
    (door, session): (&str, &str),
    owner: Option<&str>,
    now: Micros,
) -> Result<bool, StoreError> {
    let row = || door_sessions::table.find((door, session));
    let known: Option<(Option<String>, Micros)> =
        row().select((door_sessions::owner, door_sessions::used)).first(connection).optional()?;
    let is_good = known.is_some_and(|(whose, used)| whose.as_deref() == owner && used >= now - SESSION_KEPT);
    if is_good {
        diesel::update(row()).set(door_sessions::used.eq(now)).execute(connection)?;
    }
    Ok(is_good)
}
