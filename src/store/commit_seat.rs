//! Seats and what their members have read, inside the writer's transaction.

use std::sync::Arc;

use diesel::prelude::*;

use super::commit::Step;
use super::jobs::{self, QuestionAsked};
use super::rows::{AccountRow, MemberRow, to_json};
use super::schema::{accounts, attachments, members, messages, threads};
use super::search;
use super::writer::CommitError;
use crate::domain::event::Event;
use crate::domain::unread::Spans;
use crate::domain::{AccountId, ReadState, Rev, Seat, Seq};

fn load_row(step: &mut Step, account: AccountId) -> Result<Option<MemberRow>, CommitError> {
    let row = members::table.find((step.thread, account)).select(MemberRow::as_select());
    Ok(row.first(step.connection).optional()?)
}

/// Makes or changes a seat. Switching the UNREAD bit starts or ends a tracked stretch here, where the last position
/// is known for certain.
pub(super) fn put(step: &mut Step, seat: Seat) -> Result<(), CommitError> {
    let rev = step.shared_rev();
    put_at(step, seat, rev, false)
}

/// A seat that moves on in its script; see [`Change::MoveSeat`](crate::domain::Change).
pub(super) fn move_on(step: &mut Step, mut seat: Seat, at_last_ask: bool, quiet: bool) -> Result<(), CommitError> {
    if at_last_ask {
        seat.script.related_message = step.last_ask;
    }
    let rev = step.shared_rev();
    put_at(step, seat, rev, quiet)
}

/// Makes or changes a seat under a revision that is given already.
pub(super) fn put_at(step: &mut Step, mut seat: Seat, rev: Rev, quiet: bool) -> Result<(), CommitError> {
    let before = load_row(step, seat.account)?;
    let added = before.is_none();
    let last = step.head.seq;
    let reads = match &before {
        Some(row) => {
            let mut reads = row.reads()?;
            reads.track(seat.tracks_unread(), last);
            reads
        }
        None => ReadState::joining(last, seat.tracks_unread()),
    };
    if let Some(left) =
        before.as_ref().and_then(|row| row.related_message_id).filter(|id| seat.script.related_message != Some(*id))
    {
        let asked = QuestionAsked { thread: step.thread, account: seat.account, message: left };
        jobs::withdraw(step.connection, asked)?;
    }
    let account = accounts::table.find(seat.account).select(AccountRow::as_select()).first(step.connection);
    let account = account.optional()?.ok_or(CommitError::Missing)?;
    seat.thread = step.thread;
    seat.rev = rev;
    if added {
        step.head.changed = Some(seat.rev);
    }
    let row = MemberRow::of(&seat, &reads, step.now)?;
    diesel::insert_into(members::table)
        .values(&row)
        .on_conflict((members::thread_id, members::account_id))
        .do_update()
        .set(&row)
        .execute(step.connection)?;
    step.caches.note_seat(step.thread, seat.account, Some(seat.rev));
    let account = Arc::new(account.into());
    step.outcome.events.push(Event::SeatPut { seat: Arc::new(seat), account, added, quiet, reads });
    Ok(())
}

/// Takes a seat away, with all it had unread; the last one takes the thread along (contract, 5.5).
pub(super) fn remove(step: &mut Step, account: AccountId) -> Result<(), CommitError> {
    let gone = diesel::delete(members::table.find((step.thread, account))).execute(step.connection)?;
    if gone == 0 {
        return Err(CommitError::Missing);
    }
    step.caches.note_seat(step.thread, account, None);
    let rev = step.shared_rev();
    step.head.changed = Some(rev);
    step.outcome.events.push(Event::SeatRemoved { account, rev });
    let left = members::table.filter(members::thread_id.eq(step.thread)).count().get_result::<i64>(step.connection)?;
    if left == 0 { delete_thread(step) } else { Ok(()) }
}

fn delete_thread(step: &mut Step) -> Result<(), CommitError> {
    let files = attachments::table
        .inner_join(messages::table.on(messages::id.eq(attachments::message_id)))
        .filter(messages::thread_id.eq(step.thread))
        .select((attachments::file, attachments::thumbnail_file))
        .load::<(Option<String>, Option<String>)>(step.connection)?;
    step.outcome.orphans.extend(files.into_iter().flat_map(|(file, thumbnail)| [file, thumbnail]).flatten());
    search::forget_thread(step.connection, step.thread)?;
    // everything of the thread goes with it, by foreign keys
    diesel::delete(threads::table.find(step.thread)).execute(step.connection)?;
    step.deleted = true;
    step.outcome.events.push(Event::ThreadDeleted);
    Ok(())
}

/// Notes what a member has read. Moves no revision: nobody else sees a difference.
pub(super) fn mark_read(step: &mut Step, account: AccountId, seqs: Spans, upto: Seq) -> Result<(), CommitError> {
    let row = load_row(step, account)?.ok_or(CommitError::Missing)?;
    let mut reads = row.reads()?;
    reads.mark(&seqs);
    reads.pass(upto.min(step.head.seq));
    diesel::update(members::table.find((step.thread, account)))
        .set(members::read_state.eq(to_json(&reads)?))
        .execute(step.connection)?;
    step.outcome.events.push(Event::ReadMoved { account, reads, seqs });
    Ok(())
}
