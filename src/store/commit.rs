//! Carrying out one decision inside the writer's transaction: checks what it was based on, gives numbers, stores.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;

use super::commit_message::Edited;
use super::jobs::{self, NewJob, QuestionAsked};
use super::rows::ThreadRow;
use super::schema::{members, threads};
use super::writer::CommitError;
use super::{StoreError, commit_message, commit_seat, conversations, script_log};
use crate::domain::event::{Change, Decision, Event, Outcome, Owed, Own};
use crate::domain::{AccountId, MessageId, Micros, Rev, Seq, ThreadId};

/// Threads and seats remembered at most; then all are forgotten and read again.
const REMEMBERED: usize = 20_000;

/// The moving part of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub seq: Seq,
    pub rev: Rev,
    pub updated: Micros,
    /// The revision of the last change of title or roster in this batch, if there was one.
    pub changed: Option<Rev>,
    /// Whether bots or channels are owed what is said here.
    pub converses: bool,
}

/// What the writer knows without asking again. It is the only one to write, so it stays true until a transaction
/// fails; then everything is forgotten.
#[derive(Default)]
pub(super) struct Caches {
    heads: HashMap<ThreadId, Head>,
    dirty: HashSet<ThreadId>,
    seats: HashMap<(ThreadId, AccountId), Rev>,
}

impl Caches {
    pub(super) fn clear(&mut self) {
        self.heads.clear();
        self.dirty.clear();
        self.seats.clear();
    }

    fn head(&mut self, connection: &mut SqliteConnection, thread: ThreadId) -> Result<Head, CommitError> {
        if let Some(head) = self.heads.get(&thread) {
            return Ok(*head);
        }
        let row = threads::table.find(thread).select(ThreadRow::as_select()).first(connection).optional()?;
        let row = row.ok_or(CommitError::Missing)?;
        let head = Head { seq: row.seq, rev: row.rev, updated: row.updated, changed: None, converses: row.converses };
        self.heads.insert(thread, head);
        Ok(head)
    }

    fn seat_rev(
        &mut self,
        connection: &mut SqliteConnection,
        thread: ThreadId,
        account: AccountId,
    ) -> Result<Option<Rev>, CommitError> {
        if let Some(rev) = self.seats.get(&(thread, account)) {
            return Ok(Some(*rev));
        }
        let rev = members::table.find((thread, account)).select(members::rev).first(connection).optional()?;
        if let Some(rev) = rev {
            self.seats.insert((thread, account), rev);
        }
        Ok(rev)
    }

    pub(super) fn note_seat(&mut self, thread: ThreadId, account: AccountId, rev: Option<Rev>) {
        match rev {
            Some(rev) => self.seats.insert((thread, account), rev),
            None => self.seats.remove(&(thread, account)),
        };
    }

    /// Writes every head that moved in this transaction, once, however many messages moved it.
    pub(super) fn write_heads(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        for thread in self.dirty.drain() {
            let Some(head) = self.heads.get_mut(&thread) else { continue };
            let row = diesel::update(threads::table.find(thread));
            let moved = (threads::seq.eq(head.seq), threads::rev.eq(head.rev), threads::updated.eq(head.updated));
            match head.changed.take() {
                Some(changed) => row.set((moved, threads::changed_rev.eq(changed))).execute(connection)?,
                None => row.set(moved).execute(connection)?,
            };
        }
        if self.heads.len() > REMEMBERED || self.seats.len() > REMEMBERED {
            self.clear();
        }
        Ok(())
    }
}

impl From<diesel::result::Error> for CommitError {
    fn from(error: diesel::result::Error) -> Self {
        tracing::warn!(%error, "a change could not be stored");
        CommitError::Broken
    }
}

impl From<StoreError> for CommitError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing => CommitError::Missing,
            other => {
                tracing::warn!(error = %other, "a change could not be stored");
                CommitError::Broken
            }
        }
    }
}

/// A decision being carried out.
pub(super) struct Step<'a> {
    pub connection: &'a mut SqliteConnection,
    pub caches: &'a mut Caches,
    pub thread: ThreadId,
    pub head: Head,
    pub now: Micros,
    pub outcome: Outcome,
    /// The revision that changes of seats and title share, from one message of the decision to the next.
    pub shared: Option<Rev>,
    /// The last question asked in this decision.
    pub last_ask: Option<MessageId>,
    pub deleted: bool,
}

impl Step<'_> {
    /// The next revision, for one message.
    pub(super) fn next_rev(&mut self) -> Rev {
        self.head.rev += 1;
        self.head.rev
    }

    /// The revision of this decision's changes of seats and title.
    pub(super) fn shared_rev(&mut self) -> Rev {
        match self.shared {
            Some(rev) => rev,
            None => {
                let rev = self.next_rev();
                self.shared = Some(rev);
                rev
            }
        }
    }
}

/// Whether the changes write one row and no more: then it fails before it has written anything, and needs no savepoint.
fn is_one_write(changes: &[Change]) -> bool {
    match changes {
        [Change::CreateMessage(message)] => message.attachments.is_empty() && message.applied.is_empty(),
        [Change::MarkRead { .. } | Change::Retitle(_)] => true,
        _ => false,
    }
}

/// Carries out one decision; whatever goes wrong, nothing of it is left.
pub(super) fn commit(
    connection: &mut SqliteConnection,
    caches: &mut Caches,
    thread: ThreadId,
    decision: Decision,
    now: Micros,
) -> Result<Outcome, CommitError> {
    let head = caches.head(connection, thread)?;
    for (account, seen) in &decision.expect {
        // no seat has revision 0
        if caches.seat_rev(connection, thread, *account)?.unwrap_or(0) != *seen {
            return Err(CommitError::Clash);
        }
    }
    let step = if head.converses || !is_one_write(&decision.changes) {
        connection.transaction(|connection| carry_out(connection, caches, thread, head, decision, now))
    } else {
        carry_out(connection, caches, thread, head, decision, now)
    };
    match step {
        Ok((head_after, outcome, deleted)) => {
            if deleted {
                caches.heads.remove(&thread);
                caches.dirty.remove(&thread);
            } else if head_after != head {
                caches.heads.insert(thread, head_after);
                caches.dirty.insert(thread);
            }
            Ok(outcome)
        }
        Err(error) => {
            caches.seats.retain(|(of, _), _| *of != thread);
            Err(error)
        }
    }
}

fn carry_out(
    connection: &mut SqliteConnection,
    caches: &mut Caches,
    thread: ThreadId,
    head: Head,
    decision: Decision,
    now: Micros,
) -> Result<(Head, Outcome, bool), CommitError> {
    let outcome = Outcome::default();
    let mut step =
        Step { connection, caches, thread, head, now, outcome, shared: None, last_ask: None, deleted: false };
    for (place, change) in decision.changes.into_iter().enumerate() {
        store(&mut step, change)?;
        if decision.own == Own::At(place) {
            step.outcome.own = step.outcome.events.last().and_then(Event::message).cloned();
        }
    }
    if decision.own == Own::First {
        step.outcome.own = step.outcome.events.iter().find_map(Event::message).cloned();
    }
    step.outcome.seq = step.head.seq;
    step.outcome.rev = step.head.rev;
    step.outcome.updated = step.head.updated;
    Ok((step.head, step.outcome, step.deleted))
}

fn store(step: &mut Step, change: Change) -> Result<(), CommitError> {
    match change {
        Change::CreateMessage(message) => commit_message::create(step, *message),
        Change::Ask { message, seat, remind } => commit_message::ask(step, *message, *seat, remind),
        Change::MoveSeat { seat, at_last_ask, quiet } => commit_seat::move_on(step, *seat, at_last_ask, quiet),
        Change::Confirm { account, client_id, files } => {
            step.outcome.orphans.extend(files);
            script_log::confirm(step.connection, step.thread, account, client_id.as_deref())
        }
        Change::Remind { account, message, due } => {
            let asked = QuestionAsked { thread: step.thread, account, message };
            Ok(jobs::remind(step.connection, asked, due, step.now)?)
        }
        Change::ForgetVariables(account) => script_log::forget(step.connection, step.thread, account),
        Change::EditMessage { id, text, meta, content } => {
            commit_message::edit(step, id, Edited { text, meta, content: content.map(|content| *content) })
        }
        Change::Owe(owed) => {
            let Owed { kind, recipient, payload, due } = owed;
            jobs::add(step.connection, &NewJob { kind, recipient, payload, due }, step.now)?;
            Ok(())
        }
        Change::Hold(held) => conversations::keep(step, *held),
        Change::DeleteMessage { id } => commit_message::delete(step, id),
        Change::AddAttachment { message, attachment } => commit_message::attach(step, message, &attachment),
        Change::EditAttachment { message, id, edit } => commit_message::edit_attachment(step, message, id, *edit),
        Change::RemoveAttachment { message, id } => commit_message::detach(step, message, id),
        Change::Retitle(title) => retitle(step, title),
        Change::PutSeat(seat) => commit_seat::put(step, *seat),
        Change::RemoveSeat(account) => commit_seat::remove(step, account),
        Change::MarkRead { account, seqs, upto } => commit_seat::mark_read(step, account, seqs, upto),
    }
}

fn retitle(step: &mut Step, title: String) -> Result<(), CommitError> {
    let rev = step.shared_rev();
    step.head.changed = Some(rev);
    diesel::update(threads::table.find(step.thread)).set(threads::title.eq(&title)).execute(step.connection)?;
    step.outcome.events.push(Event::Retitled { title, rev });
    Ok(())
}

/// Begins a thread that was just made in this transaction: its first changes, whose numbers nobody knows yet.
pub(super) fn begin(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    changes: Vec<Change>,
    now: Micros,
) -> Result<Outcome, StoreError> {
    let mut caches = Caches::default();
    let decision = Decision { changes, own: Own::None, ..Decision::default() };
    let begun = commit(connection, &mut caches, thread, decision, now);
    let outcome = begun.map_err(|error| StoreError::Broken(format!("a thread could not begin: {error:?}")))?;
    caches.write_heads(connection)?;
    Ok(outcome)
}
