//! What a member has not read: worked out from their read state and the messages, when somebody looks.

use std::collections::HashMap;

use diesel::prelude::*;

use super::StoreError;
use super::rows::from_json;
use super::schema::{members, messages};
use crate::domain::unread::Spans;
use crate::domain::{AccountId, ReadState, Seq, ThreadId};

/// The most unread messages that are looked at; a count beyond says no more to anybody.
const MOST: i64 = 100_000;

/// What several members have read and what not, with one look at the messages: starting all seats of a large thread must
/// not look through it once for each.
pub fn of_members(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    members: &[(AccountId, Vec<String>)],
) -> Result<HashMap<AccountId, (ReadState, Spans)>, StoreError> {
    let ids: Vec<AccountId> = members.iter().map(|(account, _)| *account).collect();
    let states = read_states(connection, thread, &ids)?;
    let lowest = states.values().filter(|reads| !reads.tracked.is_empty()).map(|reads| reads.upto).min();
    let looked = match lowest {
        Some(lowest) => look(connection, thread, lowest)?,
        None => Vec::new(),
    };
    let mut own: HashMap<AccountId, Spans> = HashMap::new();
    for (seq, sender, _) in &looked {
        if let Some(sender) = sender {
            own.entry(*sender).or_default().insert(*seq, *seq);
        }
    }
    let mut readable: HashMap<&[String], Spans> = HashMap::new();
    for (_, hidden) in members {
        readable.entry(hidden).or_insert_with(|| {
            looked.iter().filter(|(_, _, kind)| !hidden.contains(kind)).map(|(seq, _, _)| *seq).collect()
        });
    }
    let none = Spans::new();
    let found = members.iter().filter_map(|(account, hidden)| {
        let reads = states.get(account)?;
        let readable = readable.get(hidden.as_slice()).unwrap_or(&none);
        let unread = reads.unread(readable, own.get(account).unwrap_or(&none));
        Some((*account, (reads.clone(), unread)))
    });
    Ok(found.collect())
}

fn read_states(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    accounts: &[AccountId],
) -> Result<HashMap<AccountId, ReadState>, StoreError> {
    let of_thread = members::table.filter(members::thread_id.eq(thread));
    let rows = of_thread
        .filter(members::account_id.eq_any(accounts))
        .select((members::account_id, members::read_state))
        .load::<(AccountId, String)>(connection)?;
    rows.into_iter().map(|(account, text)| Ok((account, from_json(&text)?))).collect()
}

/// Position, sender and type of what was said above a position.
fn look(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    above: Seq,
) -> Result<Vec<(Seq, Option<AccountId>, String)>, StoreError> {
    let said = messages::table
        .filter(messages::thread_id.eq(thread))
        .filter(messages::seq.gt(above))
        .filter(messages::deleted.eq(false))
        .order(messages::seq)
        .limit(MOST)
        .select((messages::seq, messages::sender_id, messages::kind));
    Ok(said.load(connection)?)
}
