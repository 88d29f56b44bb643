//! Reading threads, seats and subscriptions; making a thread.

use std::sync::Arc;

use diesel::prelude::*;

use super::rows::{AccountRow, MemberRow, ThreadRow};
use super::schema::{accounts, members, subscriptions, threads};
use super::{StoreError, commit, messages, unread};
use crate::domain::event::Outcome;
use crate::domain::opening::NewThread;
use crate::domain::roster::Member;
use crate::domain::script::Schema;
use crate::domain::unread::Spans;
use crate::domain::view::ThreadHead;
use crate::domain::visibility::Visibility;
use crate::domain::{Account, AccountId, Message, ReadState, Roster, Seat, ThreadId};

/// A thread as its actor needs it when it comes to life.
#[derive(Debug)]
pub struct ThreadState {
    /// The thread itself.
    pub head: ThreadHead,
    /// Its members.
    pub roster: Roster,
    /// Accounts that watch it; those that are members too count as members.
    pub watchers: Vec<Account>,
    /// The newest message as each of the asked kinds of viewers sees it.
    pub lasts: Vec<Option<Message>>,
    /// Accounts of those messages' senders who are no members any more.
    pub strangers: Vec<Account>,
}

/// A thread as one member sees it.
#[derive(Debug)]
pub struct MemberState {
    /// The thread itself.
    pub head: ThreadHead,
    /// Its members.
    pub roster: Arc<Roster>,
    /// The member.
    pub member: Member,
    /// What they have read.
    pub reads: ReadState,
    /// What they have not.
    pub unread: Spans,
    /// The newest message that they may see.
    pub last: Option<Message>,
    /// Accounts of senders who are no members any more.
    pub strangers: Vec<Account>,
    /// The schema of the member's seat, for whoever fills it in; it is not read with the rest.
    pub schema: Option<Arc<Schema>>,
}

/// A thread's own row.
pub fn head(connection: &mut SqliteConnection, thread: ThreadId) -> Result<ThreadHead, StoreError> {
    let row = threads::table.find(thread).select(ThreadRow::as_select()).first(connection)?;
    Ok(row.into())
}

/// Everything that a thread's actor holds. `views` are the message types hidden from each kind of viewer.
pub fn state(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    views: &[Vec<String>],
) -> Result<ThreadState, StoreError> {
    // one transaction, so that head and roster belong together
    connection.transaction(|connection| {
        let watchers: Vec<AccountId> = subscriptions::table
            .filter(subscriptions::thread_id.eq(thread))
            .select(subscriptions::account_id)
            .load(connection)?;
        let lasts: Result<Vec<Option<Message>>, StoreError> =
            views.iter().map(|hidden| messages::last(connection, thread, hidden)).collect();
        let lasts = lasts?;
        let roster = roster(connection, thread)?;
        let senders: Vec<AccountId> = lasts.iter().flatten().filter_map(|message| message.sender).collect();
        Ok(ThreadState {
            head: head(connection, thread)?,
            roster,
            watchers: super::accounts::many(connection, &watchers)?,
            strangers: super::accounts::many(connection, &senders)?,
            lasts,
        })
    })
}

/// The members of a thread.
pub fn roster(connection: &mut SqliteConnection, thread: ThreadId) -> Result<Roster, StoreError> {
    let rows = members::table
        .inner_join(accounts::table.on(accounts::id.eq(members::account_id)))
        .filter(members::thread_id.eq(thread))
        .order(members::account_id)
        .select((MemberRow::as_select(), AccountRow::as_select()))
        .load::<(MemberRow, AccountRow)>(connection)?;
    let found: Result<Vec<Member>, StoreError> = rows
        .into_iter()
        .map(|(member, account)| Ok(Member { account: Arc::new(account.into()), seat: Arc::new(member.into_seat()?) }))
        .collect();
    Ok(Roster::new(found?))
}

/// One seat.
pub fn seat(connection: &mut SqliteConnection, thread: ThreadId, account: AccountId) -> Result<Seat, StoreError> {
    members::table.find((thread, account)).select(MemberRow::as_select()).first(connection)?.into_seat()
}

/// What a member has read and what not.
pub fn reads(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    account: AccountId,
    hidden: &[String],
) -> Result<(ReadState, Spans), StoreError> {
    connection.transaction(|connection| {
        let mut known = unread::of_members(connection, thread, &[(account, hidden.to_vec())])?;
        known.remove(&account).ok_or(StoreError::Missing)
    })
}

/// The thread as `account` sees it.
pub fn member_state(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    account: AccountId,
    visibility: &Visibility,
) -> Result<MemberState, StoreError> {
    connection.transaction(|connection| {
        let head = head(connection, thread)?;
        let roster = roster(connection, thread)?;
        let member = roster.get(account).cloned().ok_or(StoreError::Missing)?;
        let hidden = visibility.hidden_from(member.account.role);
        let (reads, unread) = reads(connection, thread, account, &hidden)?;
        let last = messages::last(connection, thread, &hidden)?;
        let sender = last.as_ref().and_then(|message| message.sender);
        let strangers = match sender.filter(|sender| roster.get(*sender).is_none()) {
            Some(sender) => super::accounts::many(connection, &[sender])?,
            None => Vec::new(),
        };
        Ok(MemberState { head, roster: Arc::new(roster), member, reads, unread, last, strangers, schema: None })
    })
}

/// A page of an account's threads of one type, in ascending order of their ids; with `newest` in descending order of
/// what last happened in them.
pub fn of_account(
    connection: &mut SqliteConnection,
    account: AccountId,
    kind: &str,
    newest: bool,
    (offset, limit): (i64, i64),
) -> Result<Vec<ThreadId>, StoreError> {
    let query = members::table
        .inner_join(threads::table.on(threads::id.eq(members::thread_id)))
        .filter(members::account_id.eq(account))
        .filter(threads::kind.eq(kind))
        .select(threads::id)
        .offset(offset)
        .limit(limit)
        .into_boxed();
    let ordered =
        if newest { query.order((threads::updated.desc(), threads::id.desc())) } else { query.order(threads::id) };
    Ok(ordered.load(connection)?)
}

/// The threads in which an account may read messages.
pub fn readable(connection: &mut SqliteConnection, account: AccountId) -> Result<Vec<ThreadId>, StoreError> {
    let rows = members::table
        .filter(members::account_id.eq(account))
        .select((members::thread_id, members::permissions))
        .load::<(i64, i32)>(connection)?;
    let reads = crate::domain::Permissions::READ_MESSAGES.bits();
    Ok(rows.into_iter().filter(|(_, bits)| bits & reads != 0).map(|(thread, _)| thread).collect())
}

/// Threads that are looked through for companions at most.
const MOST_SHARED: i64 = 1_000;

/// Accounts that share a thread of at most `most` members with `account`.
pub fn companions(
    connection: &mut SqliteConnection,
    account: AccountId,
    most: usize,
) -> Result<Vec<AccountId>, StoreError> {
    // the newest ones: whoever is in very many threads is not news to all of them
    let own: Vec<ThreadId> = members::table
        .filter(members::account_id.eq(account))
        .order(members::thread_id.desc())
        .limit(MOST_SHARED)
        .select(members::thread_id)
        .load(connection)?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let small: Vec<ThreadId> = members::table
        .filter(members::thread_id.eq_any(own))
        .group_by(members::thread_id)
        .having(diesel::dsl::count_star().le(most))
        .select(members::thread_id)
        .load(connection)?;
    let others = members::table
        .filter(members::thread_id.eq_any(small))
        .filter(members::account_id.ne(account))
        .select(members::account_id)
        .distinct();
    Ok(others.load(connection)?)
}

/// Makes a thread with its creator's seat, and further members, and begins the creator's script. A repeat with the same
/// idempotency key gives the first thread back, and nothing happens: then there is no outcome.
pub fn create(
    connection: &mut SqliteConnection,
    new: &NewThread,
    others: &[Seat],
    now: i64,
) -> Result<(ThreadId, Option<Outcome>), StoreError> {
    let creator = new.seat.account;
    if let Some(key) = &new.idempotency_key {
        let repeated = threads::table
            .filter(threads::creator_id.eq(creator))
            .filter(threads::idempotency_key.eq(key))
            .select(threads::id)
            .first(connection)
            .optional()?;
        if let Some(thread) = repeated {
            return Ok((thread, None));
        }
    }
    let thread: ThreadId = diesel::insert_into(threads::table)
        .values((
            threads::kind.eq(&new.kind),
            threads::title.eq(&new.title),
            threads::creator_id.eq(creator),
            threads::created.eq(now),
            threads::updated.eq(now),
            threads::rev.eq(1),
            threads::changed_rev.eq(1),
            threads::idempotency_key.eq(&new.idempotency_key),
            threads::widget_key.eq(&new.widget_key),
            threads::converses.eq(new.converses),
        ))
        .returning(threads::id)
        .get_result(connection)?;
    for seat in std::iter::once(&new.seat).chain(others) {
        let mut seat = Seat { thread, rev: 1, ..seat.clone() };
        seat.created = now;
        let reads = ReadState::joining(0, seat.tracks_unread());
        diesel::insert_into(members::table).values(MemberRow::of(&seat, &reads, now)?).execute(connection)?;
    }
    let outcome = match new.beginning.as_slice() {
        [] => Outcome::default(),
        changes => commit::begin(connection, thread, changes.to_vec(), now)?,
    };
    Ok((thread, Some(outcome)))
}

/// The newest widget thread of that key in which the account still is a member.
pub fn of_widget(
    connection: &mut SqliteConnection,
    account: AccountId,
    key: &str,
) -> Result<Option<ThreadId>, StoreError> {
    let found = threads::table
        .inner_join(members::table.on(members::thread_id.eq(threads::id)))
        .filter(threads::creator_id.eq(account))
        .filter(threads::widget_key.eq(key))
        .filter(members::account_id.eq(account))
        .order(threads::id.desc())
        .select(threads::id);
    Ok(found.first(connection).optional()?)
}

/// Watches a thread instead of the one watched before; which that was.
pub fn subscribe(
    connection: &mut SqliteConnection,
    account: AccountId,
    thread: ThreadId,
) -> Result<Option<ThreadId>, StoreError> {
    head(connection, thread)?;
    let before = unsubscribe(connection, account)?;
    diesel::insert_into(subscriptions::table)
        .values((subscriptions::account_id.eq(account), subscriptions::thread_id.eq(thread)))
        .execute(connection)?;
    Ok(before)
}

/// What an account watches.
pub fn watched(connection: &mut SqliteConnection, account: AccountId) -> Result<Option<ThreadId>, StoreError> {
    Ok(subscriptions::table.find(account).select(subscriptions::thread_id).first(connection).optional()?)
}

/// Watches nothing any more; what was watched.
pub fn unsubscribe(connection: &mut SqliteConnection, account: AccountId) -> Result<Option<ThreadId>, StoreError> {
    let before = watched(connection, account)?;
    diesel::delete(subscriptions::table.find(account)).execute(connection)?;
    Ok(before)
}
