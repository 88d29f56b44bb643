//! Full-text search: SQLite's FTS5 over message texts and senders' names (contract, 7.7).
//!
//! New messages enter the index when the writer has a moment, or when somebody searches; until then their ids are
//! above the mark `indexed_upto`. Edits and deletions of what is indexed enter at once. So a message's commit pays
//! nothing for the index, and a search sees everything that was committed before it.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::schema::{accounts, messages};
use super::{Store, StoreError, meta};
use crate::domain::{AccountId, MessageId, ThreadId};

/// The most hits of one search (contract, 7.7).
pub const MAX_HITS: i64 = 10_000;
/// Messages indexed in one transaction.
const CHUNK: i64 = 500;
const MARK: &str = "indexed_upto";

#[derive(QueryableByName)]
struct Hit {
    #[diesel(sql_type = BigInt)]
    rowid: i64,
}

/// The phrase of a query in FTS5's language: the words in this order, the last one as a beginning. `None` when there
/// is no word in it.
fn phrase(query: &str) -> Option<String> {
    let words: Vec<&str> = query.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() { None } else { Some(format!("\"{}\"*", words.join(" "))) }
}

/// The ids of messages that match, in these threads only.
pub fn hits(
    connection: &mut SqliteConnection,
    query: &str,
    threads: &[ThreadId],
) -> Result<Vec<MessageId>, StoreError> {
    let Some(phrase) = phrase(query) else { return Ok(Vec::new()) };
    // the ids are numbers of our own, never text from outside
    let list = threads.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
    let sql = format!(
        "SELECT messages_fts.rowid AS rowid FROM messages_fts JOIN messages ON messages.id = messages_fts.rowid \
         WHERE messages_fts MATCH ? AND messages.thread_id IN ({list}) ORDER BY messages_fts.rowid DESC LIMIT {MAX_HITS}"
    );
    let found = diesel::sql_query(sql).bind::<Text, _>(phrase).load::<Hit>(connection)?;
    Ok(found.into_iter().map(|hit| hit.rowid).collect())
}

/// Indexes everything committed so far.
pub async fn catch_up(store: &Store) -> Result<(), StoreError> {
    let due = store.read(|connection| Ok(!pending(connection)?.is_empty())).await?;
    let mut more = due;
    // ends: each round indexes a chunk, and what comes meanwhile is less than what a round takes in
    while more {
        more = store.write(index_some).await?;
    }
    Ok(())
}

fn mark(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    Ok(meta::get(connection, MARK)?.and_then(|text| text.parse().ok()).unwrap_or(0))
}

type Pending = (i64, String, bool, Option<String>, Option<String>);

fn pending(connection: &mut SqliteConnection) -> Result<Vec<Pending>, StoreError> {
    let after = mark(connection)?;
    let rows = messages::table
        .left_join(accounts::table.on(messages::sender_id.eq(accounts::id.nullable())))
        .filter(messages::id.gt(after))
        .order(messages::id)
        .limit(CHUNK)
        .select((
            messages::id,
            messages::text,
            messages::deleted,
            accounts::first_name.nullable(),
            accounts::last_name.nullable(),
        ));
    Ok(rows.load(connection)?)
}

/// Indexes the next chunk; whether there may be more.
pub(super) fn index_some(connection: &mut SqliteConnection) -> Result<bool, StoreError> {
    let rows = pending(connection)?;
    let Some(last) = rows.last().map(|row| row.0) else { return Ok(false) };
    let more = i64::try_from(rows.len()).is_ok_and(|count| count == CHUNK);
    for (id, text, deleted, first_name, last_name) in rows {
        if !deleted {
            let name = format!("{} {}", first_name.unwrap_or_default(), last_name.unwrap_or_default());
            insert(connection, id, &text, name.trim())?;
        }
    }
    meta::set(connection, MARK, &last.to_string())?;
    Ok(more)
}

fn insert(connection: &mut SqliteConnection, id: MessageId, text: &str, name: &str) -> Result<(), StoreError> {
    diesel::sql_query("INSERT INTO messages_fts (rowid, text, sender) VALUES (?, ?, ?)")
        .bind::<BigInt, _>(id)
        .bind::<Text, _>(text)
        .bind::<Text, _>(name)
        .execute(connection)?;
    Ok(())
}

/// A message is found no more.
pub(super) fn forget(connection: &mut SqliteConnection, id: MessageId) -> Result<(), StoreError> {
    diesel::sql_query("DELETE FROM messages_fts WHERE rowid = ?").bind::<BigInt, _>(id).execute(connection)?;
    Ok(())
}

/// Nothing of a thread is found any more.
pub(super) fn forget_thread(connection: &mut SqliteConnection, thread: ThreadId) -> Result<(), StoreError> {
    diesel::sql_query("DELETE FROM messages_fts WHERE rowid IN (SELECT id FROM messages WHERE thread_id = ?)")
        .bind::<BigInt, _>(thread)
        .execute(connection)?;
    Ok(())
}

/// An edited message is found by its new text.
pub(super) fn reindex(
    connection: &mut SqliteConnection,
    id: MessageId,
    text: &str,
    sender: Option<AccountId>,
) -> Result<(), StoreError> {
    if id > mark(connection)? {
        return Ok(());
    }
    forget(connection, id)?;
    let name = match sender {
        Some(sender) => super::accounts::get(connection, sender)?.full_name(),
        None => String::new(),
    };
    insert(connection, id, text, &name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_becomes_a_phrase_whose_last_word_is_a_beginning() {
        let table = [
            ("Hello Wor", Some("\"Hello Wor\"*")),
            ("  it's \"quoted\" OR * ", Some("\"it s quoted OR\"*")),
            ("***", None),
            ("", None),
        ];
        for (query, expected) in table {
            assert_eq!(phrase(query).as_deref(), expected, "{query}");
        }
    }
}
