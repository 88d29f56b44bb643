//! Conversations of people outside, as the doors know them: which thread is which, and how far it was handed on.

use diesel::prelude::*;
use serde_json::Value;

use super::rows::{from_json, to_json};
use super::schema::door_threads;
use super::{StoreError, accounts, threads};
use crate::domain::doors::{Arrival, Place};
use crate::domain::event::Outcome;
use crate::domain::opening::NewThread;
use crate::domain::{Account, AccountId, Micros, Permissions, Role, Seat, Seq, ThreadId};

/// Operators who join a conversation at most.
const MAX_OPERATORS: i64 = 50;

/// A door's own conversation.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = door_threads)]
pub struct DoorThread {
    /// The door: a connector's name, with whatever keeps its accounts apart.
    pub door: String,
    /// The door's name for the conversation.
    pub conversation: String,
    /// The thread.
    pub thread_id: ThreadId,
    /// The person with whom it began.
    pub account_id: AccountId,
    /// Everything up to here was handed on.
    pub delivered: Seq,
    data: String,
    /// When it began.
    pub created: Micros,
    /// When it was last used from outside.
    pub used: Micros,
}

impl DoorThread {
    /// Whatever the door needs to answer here.
    pub fn data(&self) -> Result<Value, StoreError> {
        from_json(&self.data)
    }
}

/// The door's conversation of that name.
pub fn find(
    connection: &mut SqliteConnection,
    door: &str,
    conversation: &str,
) -> Result<Option<DoorThread>, StoreError> {
    let found = door_threads::table.find((door, conversation)).select(DoorThread::as_select());
    Ok(found.first(connection).optional()?)
}

/// The person and the thread of an arrival, made when they are new. Of a new thread, what its making made true.
pub fn enter(
    connection: &mut SqliteConnection,
    arrival: &Arrival,
    now: Micros,
) -> Result<(Place, Option<Outcome>), StoreError> {
    let account = person(connection, arrival, now)?;
    if let Some(known) = find(connection, &arrival.door, &arrival.conversation)? {
        let row = door_threads::table.find((&arrival.door, &arrival.conversation));
        diesel::update(row).set(door_threads::used.eq(now)).execute(connection)?;
        return Ok((Place { thread: known.thread_id, account, delivered: known.delivered, is_new: false }, None));
    }
    let (thread, outcome) = begin(connection, arrival, &account, now)?;
    diesel::insert_into(door_threads::table)
        .values((
            door_threads::door.eq(&arrival.door),
            door_threads::conversation.eq(&arrival.conversation),
            door_threads::thread_id.eq(thread),
            door_threads::account_id.eq(account.id),
            door_threads::data.eq(to_json(&arrival.data)?),
            door_threads::created.eq(now),
            door_threads::used.eq(now),
            door_threads::durable.eq(arrival.durable),
        ))
        .execute(connection)?;
    Ok((Place { thread, account, delivered: 0, is_new: true }, outcome))
}

/// The account of the person, made when they are new; what the door calls them is kept up to date.
fn person(connection: &mut SqliteConnection, arrival: &Arrival, now: Micros) -> Result<Account, StoreError> {
    if let Some(known) = arrival.account {
        return accounts::get(connection, known);
    }
    let external = arrival.external_id();
    let (first, last) = (arrival.first_name.as_str(), arrival.last_name.as_str());
    if let Some(known) = accounts::by_external_id(connection, &external)? {
        let is_named = !(first.is_empty() && last.is_empty());
        if is_named && (known.account.first_name != first || known.account.last_name != last) {
            accounts::refresh(connection, known.account.id, first, last, now)?;
            return accounts::get(connection, known.account.id);
        }
        return Ok(known.account);
    }
    let new = accounts::NewAccount {
        email: None,
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        role: Role::Visitor,
        avatar: None,
        password_hash: None,
        external_id: Some(external),
        language: arrival.language.clone(),
    };
    accounts::create(connection, &new, now)
}

fn begin(
    connection: &mut SqliteConnection,
    arrival: &Arrival,
    account: &Account,
    now: Micros,
) -> Result<(ThreadId, Option<Outcome>), StoreError> {
    let staff = if arrival.alone { Vec::new() } else { accounts::desk(connection, MAX_OPERATORS)? };
    let staff = staff.iter().map(|operator| Seat::new(0, operator.id, Permissions::OPERATOR, now));
    let bots = arrival.bots.iter().map(|bot| Seat::new(0, *bot, Permissions::BOT, now));
    let others: Vec<Seat> = staff.chain(bots).filter(|seat| seat.account != account.id).collect();
    let name = account.full_name();
    let title = if name.is_empty() { format!("Visitor {}", account.id) } else { name };
    let new = NewThread {
        kind: arrival.kind.clone(),
        title,
        seat: Seat::new(0, account.id, Permissions::VISITOR, now),
        beginning: Vec::new(),
        idempotency_key: None,
        widget_key: None,
        converses: true,
    };
    threads::create(connection, &new, &others, now)
}

/// Everything up to `seq` was handed on; never goes back. Whether it moved.
pub fn deliver(
    connection: &mut SqliteConnection,
    door: &str,
    conversation: &str,
    seq: Seq,
) -> Result<bool, StoreError> {
    let row = door_threads::table.find((door, conversation)).filter(door_threads::delivered.lt(seq));
    Ok(diesel::update(row).set(door_threads::delivered.eq(seq)).execute(connection)? > 0)
}

/// Keeps what the door needs to answer here.
pub fn note(connection: &mut SqliteConnection, door: &str, conversation: &str, data: &Value) -> Result<(), StoreError> {
    let row = door_threads::table.find((door, conversation));
    diesel::update(row).set(door_threads::data.eq(to_json(data)?)).execute(connection)?;
    Ok(())
}
