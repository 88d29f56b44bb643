//! What was said in conversations, for the desk and for bots: read by position or by the name that its sender gave it.

use diesel::prelude::*;

use super::StoreError;
use super::messages::{one, with_attachments};
use super::rows::MessageRow;
use super::schema::messages;
use crate::domain::{AccountId, Message, Seq, ThreadId};

/// What was said in a thread after this position, in order; at most `limit`.
pub fn after(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    after: Seq,
    limit: i64,
) -> Result<Vec<Message>, StoreError> {
    let rows = messages::table
        .filter(messages::thread_id.eq(thread))
        .filter(messages::seq.gt(after))
        .filter(messages::deleted.eq(false))
        .order(messages::seq)
        .limit(limit)
        .select(MessageRow::as_select())
        .load(connection)?;
    with_attachments(connection, rows)
}

/// The first messages of a thread, in order, without these types.
pub fn transcript(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    hidden: &[String],
    limit: i64,
) -> Result<Vec<Message>, StoreError> {
    let rows = messages::table
        .filter(messages::thread_id.eq(thread))
        .filter(messages::deleted.eq(false))
        .filter(messages::kind.ne_all(hidden))
        .order(messages::seq)
        .limit(limit)
        .select(MessageRow::as_select())
        .load(connection)?;
    with_attachments(connection, rows)
}

/// The message to which somebody other than `but` gave this name, if there is one.
pub fn named(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    client_id: &str,
    but: AccountId,
) -> Result<Option<Message>, StoreError> {
    let row = messages::table
        .filter(messages::thread_id.eq(thread))
        .filter(messages::client_id.eq(client_id))
        .filter(messages::sender_id.ne(but))
        .filter(messages::deleted.eq(false))
        .select(MessageRow::as_select())
        .first(connection)
        .optional()?;
    row.map(|row| one(connection, row)).transpose()
}
