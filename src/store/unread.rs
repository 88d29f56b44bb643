//! What a member has not read: worked out from their read state and the messages, when somebody looks.

use diesel::prelude::*;

use super::StoreError;
use super::schema::messages;
use crate::domain::unread::Spans;
use crate::domain::{AccountId, ReadState, ThreadId};

/// The most unread messages that are looked at; a count beyond says no more to anybody.
const MOST: i64 = 100_000;

/// The positions that `account` has not read: tracked, another's, visible, not deleted.
pub fn positions(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    account: AccountId,
    reads: &ReadState,
    hidden: &[String],
) -> Result<Spans, StoreError> {
    if reads.tracked.is_empty() {
        return Ok(Spans::new());
    }
    let mut query = messages::table
        .filter(messages::thread_id.eq(thread))
        .filter(messages::seq.gt(reads.upto))
        .filter(messages::deleted.eq(false))
        .filter(messages::sender_id.is_null().or(messages::sender_id.ne(account)))
        .into_boxed();
    if !hidden.is_empty() {
        query = query.filter(messages::kind.ne_all(hidden));
    }
    let seqs = query.order(messages::seq).limit(MOST).select(messages::seq).load::<i64>(connection)?;
    Ok(seqs.into_iter().filter(|seq| reads.counts(*seq)).collect())
}
