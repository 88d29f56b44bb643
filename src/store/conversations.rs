//! Conversations that operators hold: their state next to the thread, the sessions of bots, what is known of contacts.
//!
//! A step is committed as one [`Held`] record with its messages and jobs: [`keep`] checks the revision and the free slots that
//! it was decided on, so two conversations never get the same last slot, and a repeated step is a clash.

use diesel::prelude::*;
use serde_json::Value;

use super::StoreError;
use super::commit::Step;
use super::jobs::{self, NewJob};
use super::rows::{from_json, to_json};
use super::schema::conversations::{bots, contacts, conversations, operators, sessions};
use super::schema::jobs as schema_jobs;
use super::writer::CommitError;
use crate::domain::conversation::settings::BotSettings;
use crate::domain::conversation::state::{Conversation, Status};
use crate::domain::conversation::world::{Assignee, Contact, ContactPatch};
use crate::domain::held::Held;
use crate::domain::{AccountId, Micros, Rev, Seq, ThreadId};

/// A conversation's time has come: `{thread}`.
pub const DUE: &str = "conversation_due";
/// How many holders of a contact's conversations are remembered.
const HOLDERS: usize = 5;

/// A conversation as it is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its revision.
    pub rev: Rev,
    /// The person on the other side.
    pub contact: AccountId,
    /// The entrance.
    pub widget: i64,
    /// The state.
    pub state: Conversation,
    /// Up to where people were heard.
    pub heard: Seq,
    /// What went out after the end.
    pub dispatched: Vec<String>,
    /// Fetched files that wait.
    pub files: std::collections::BTreeMap<String, crate::domain::held::FetchedFile>,
    /// When it last moved.
    pub updated: Micros,
}

/// The row, without what only queries use.
type Row = (ThreadId, AccountId, i64, Rev, String, Seq, String, String, Micros);

/// The columns of [`Row`].
macro_rules! columns {
    () => {
        (
            conversations::thread_id,
            conversations::account_id,
            conversations::widget_id,
            conversations::rev,
            conversations::state,
            conversations::heard,
            conversations::dispatched,
            conversations::files,
            conversations::updated,
        )
    };
}

fn kept((_, contact, widget, rev, state, heard, dispatched, files, updated): Row) -> Result<Kept, StoreError> {
    Ok(Kept {
        rev,
        contact,
        widget,
        state: from_json(&state)?,
        heard,
        dispatched: from_json(&dispatched)?,
        files: from_json(&files)?,
        updated,
    })
}

/// The conversation that a thread is, if it is one.
pub fn load(connection: &mut SqliteConnection, thread: ThreadId) -> Result<Option<Kept>, StoreError> {
    let row = conversations::table.find(thread).select(columns!()).first::<Row>(connection).optional()?;
    row.map(kept).transpose()
}

/// Which conversations are listed.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Only those in an inbox, or only others.
    pub in_inbox: Option<bool>,
    /// Only those in this group's.
    pub group: Option<i64>,
    /// Only those that this operator holds.
    pub operator: Option<AccountId>,
    /// Only those of this status.
    pub status: Option<String>,
}

/// A page of conversations, the latest first.
pub fn list(
    connection: &mut SqliteConnection,
    asked: &Asked,
    (offset, limit): (i64, i64),
) -> Result<Vec<Kept>, StoreError> {
    let mut query = conversations::table
        .order((conversations::updated.desc(), conversations::thread_id.desc()))
        .offset(offset)
        .limit(limit)
        .select(columns!())
        .into_boxed();
    if let Some(in_inbox) = asked.in_inbox {
        query = query.filter(conversations::in_inbox.eq(in_inbox));
    }
    if let Some(group) = asked.group {
        query = query.filter(conversations::group_id.eq(group));
    }
    if let Some(operator) = asked.operator {
        query = query.filter(conversations::operator_id.eq(operator));
    }
    if let Some(status) = asked.status.clone() {
        query = query.filter(conversations::status.eq(status));
    }
    query.load::<Row>(connection)?.into_iter().map(kept).collect()
}

/// Makes a thread a conversation, unless it is one; nobody has opened it yet.
pub fn begin(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    contact: AccountId,
    widget: i64,
    now: Micros,
) -> Result<(), StoreError> {
    let state = Conversation::new(thread, now);
    diesel::insert_into(conversations::table)
        .values((
            conversations::thread_id.eq(thread),
            conversations::account_id.eq(contact),
            conversations::widget_id.eq(widget),
            conversations::state.eq(to_json(&state)?),
            conversations::status.eq(state.status.name()),
            conversations::created.eq(now),
            conversations::updated.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(connection)?;
    Ok(())
}

/// Keeps a step: in the transaction of what it says and owes.
pub(super) fn keep(step: &mut Step, held: Held) -> Result<(), CommitError> {
    let (thread, now) = (step.thread, step.now);
    let connection = &mut *step.connection;
    let state = &held.state;
    let (operator, bot) = match state.assignee {
        Some(Assignee::Operator(id)) if state.status == Status::Open => (Some(id), None),
        _ => (None, state.session.as_ref().map(|session| session.bot)),
    };
    let calling = state.session.as_ref().is_some_and(|session| session.open.is_some());
    let row = conversations::table.find(thread).filter(conversations::rev.eq(held.expect));
    let moved = diesel::update(row)
        .set((
            conversations::rev.eq(held.expect + 1),
            conversations::state.eq(to_json(state)?),
            conversations::status.eq(state.status.name()),
            conversations::in_inbox.eq(state.in_inbox()),
            conversations::group_id.eq(state.group),
            conversations::operator_id.eq(operator),
            conversations::session_bot.eq(bot),
            conversations::calling.eq(calling),
            conversations::updated.eq(now),
        ))
        .execute(connection)?;
    if moved == 0 {
        return Err(CommitError::Clash);
    }
    if let Some(heard) = held.heard {
        diesel::update(conversations::table.find(thread)).set(conversations::heard.eq(heard)).execute(connection)?;
    }
    if let Some(files) = &held.files {
        let files = to_json(files)?;
        diesel::update(conversations::table.find(thread)).set(conversations::files.eq(files)).execute(connection)?;
    }
    if !held.dispatched.is_empty() {
        note_dispatched(connection, thread, &held.dispatched)?;
    }
    keep_sessions(connection, thread, &held, now)?;
    for to in &held.given {
        give(connection, *to, held.routed, now)?;
    }
    keep_contact(connection, &held)?;
    Ok(wake(connection, thread, held.wake, now)?)
}

fn note_dispatched(connection: &mut SqliteConnection, thread: ThreadId, more: &[String]) -> Result<(), StoreError> {
    let row = conversations::table.find(thread);
    let known: String = row.select(conversations::dispatched).first(connection)?;
    let mut all: Vec<String> = from_json(&known)?;
    all.extend_from_slice(more);
    diesel::update(row).set(conversations::dispatched.eq(to_json(&all)?)).execute(connection)?;
    Ok(())
}

fn keep_sessions(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    held: &Held,
    now: Micros,
) -> Result<(), StoreError> {
    for (cid, bot) in &held.began {
        let row =
            (sessions::cid.eq(cid), sessions::thread_id.eq(thread), sessions::bot_id.eq(bot), sessions::began.eq(now));
        diesel::insert_into(sessions::table).values(row).execute(connection)?;
    }
    diesel::update(sessions::table.filter(sessions::cid.eq_any(&held.over)))
        .set(sessions::over.eq(true))
        .execute(connection)?;
    Ok(())
}

/// Notes that somebody was given a conversation. Whoever was chosen for a free slot must have one still.
fn give(connection: &mut SqliteConnection, to: Assignee, routed: bool, now: Micros) -> Result<(), CommitError> {
    let (slots, held): (Option<i64>, i64) = match to {
        Assignee::Bot(id) => {
            let bot = bots::table.find(id).filter(bots::active.eq(true));
            let slots = diesel::update(bot).set(bots::last_given.eq(now)).returning(bots::slots);
            let slots = slots.get_result(connection).optional()?;
            (slots, conversations::table.filter(conversations::session_bot.eq(id)).count().get_result(connection)?)
        }
        Assignee::Operator(id) => {
            let row = operators::table.find(id);
            let slots = diesel::update(row).set(operators::last_given.eq(now)).returning(operators::slots);
            let slots = slots.get_result(connection).optional()?;
            let held = conversations::table.filter(conversations::operator_id.eq(id));
            (slots, held.count().get_result(connection)?)
        }
    };
    // a step that hands on twice has let go of the first one already
    let fits = slots.is_some_and(|slots| held <= slots);
    if routed && !fits { Err(CommitError::Clash) } else { Ok(()) }
}

fn keep_contact(connection: &mut SqliteConnection, held: &Held) -> Result<(), StoreError> {
    if held.patches.is_empty() && held.given.is_empty() {
        return Ok(());
    }
    let (mut contact, mut holders) = contact_row(connection, held.contact)?;
    held.patches.iter().for_each(|patch: &ContactPatch| patch.apply(&mut contact));
    for to in &held.given {
        holders.retain(|known| known != to);
        holders.insert(0, *to);
    }
    holders.truncate(HOLDERS);
    put_contact(connection, held.contact, &contact, &holders)
}

/// What is known of a contact beyond the account, and who held their conversations, the latest first.
pub fn contact_row(
    connection: &mut SqliteConnection,
    account: AccountId,
) -> Result<(Contact, Vec<Assignee>), StoreError> {
    let row = contacts::table.find(account).select((contacts::data, contacts::holders));
    match row.first::<(String, String)>(connection).optional()? {
        Some((data, holders)) => Ok((from_json(&data)?, from_json(&holders)?)),
        None => Ok((Contact { id: account, ..Contact::default() }, Vec::new())),
    }
}

/// Keeps what is known of a contact.
pub fn put_contact(
    connection: &mut SqliteConnection,
    account: AccountId,
    contact: &Contact,
    holders: &[Assignee],
) -> Result<(), StoreError> {
    let (data, holders) = (to_json(contact)?, to_json(&holders)?);
    diesel::insert_into(contacts::table)
        .values((contacts::account_id.eq(account), contacts::data.eq(&data), contacts::holders.eq(&holders)))
        .on_conflict(contacts::account_id)
        .do_update()
        .set((contacts::data.eq(&data), contacts::holders.eq(&holders)))
        .execute(connection)?;
    Ok(())
}

/// Has time told at `due`, and no more at what was said before.
fn wake(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    due: Option<Micros>,
    now: Micros,
) -> Result<(), StoreError> {
    let recipient = format!("due:{thread}");
    let waiting =
        schema_jobs::table.filter(schema_jobs::recipient.eq(&recipient)).filter(schema_jobs::state.eq(jobs::WAITING));
    diesel::delete(waiting).execute(connection)?;
    if let Some(due) = due {
        let payload = serde_json::json!({"thread": thread});
        jobs::add(connection, &NewJob { kind: DUE, recipient, payload, due }, now)?;
    }
    Ok(())
}

/// A session as requests name it.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// The conversation.
    pub thread: ThreadId,
    /// The bot that had it.
    pub bot: AccountId,
    /// Whether it is over.
    pub over: bool,
}

/// The session of that name.
pub fn session(connection: &mut SqliteConnection, cid: &str) -> Result<Option<Named>, StoreError> {
    let row = sessions::table.find(cid).select((sessions::thread_id, sessions::bot_id, sessions::over));
    let found = row.first::<(ThreadId, AccountId, bool)>(connection).optional()?;
    Ok(found.map(|(thread, bot, over)| Named { thread, bot, over }))
}

/// The conversations that a bot holds.
pub fn of_bot(connection: &mut SqliteConnection, bot: AccountId) -> Result<Vec<ThreadId>, StoreError> {
    let rows = conversations::table.filter(conversations::session_bot.eq(bot)).select(conversations::thread_id);
    Ok(rows.load(connection)?)
}

/// Whether a bot's answer is awaited in the thread.
pub fn is_calling(connection: &mut SqliteConnection, thread: ThreadId) -> Result<bool, StoreError> {
    let row = conversations::table.find(thread).select(conversations::calling);
    Ok(row.first(connection).optional()?.unwrap_or(false))
}

/// How many conversations each bot and each human holds.
pub(super) fn busy(connection: &mut SqliteConnection) -> Result<Vec<(Assignee, i64)>, StoreError> {
    let sessions = conversations::table
        .filter(conversations::session_bot.is_not_null())
        .group_by(conversations::session_bot)
        .select((conversations::session_bot.assume_not_null(), diesel::dsl::count_star()))
        .load::<(AccountId, i64)>(connection)?;
    let humans = conversations::table
        .filter(conversations::operator_id.is_not_null())
        .group_by(conversations::operator_id)
        .select((conversations::operator_id.assume_not_null(), diesel::dsl::count_star()))
        .load::<(AccountId, i64)>(connection)?;
    let bots = sessions.into_iter().map(|(id, held)| (Assignee::Bot(id), held));
    Ok(bots.chain(humans.into_iter().map(|(id, held)| (Assignee::Operator(id), held))).collect())
}

/// The settings of a bot and its address key, as they are kept: secrets are sealed.
#[derive(Clone, Debug)]
pub struct BotRow {
    /// Its account.
    pub id: AccountId,
    /// How it is set.
    pub settings: BotSettings,
    /// The key of its address.
    pub api_key: String,
    /// When it was last given a conversation.
    pub last_given: Option<Micros>,
}

/// Reads a stored JSON value.
pub(super) fn value(text: &str) -> Result<Value, StoreError> {
    from_json(text)
}
