//! Messages and their attachments, inside the writer's transaction.

use std::sync::Arc;

use diesel::prelude::*;
use serde_json::Value;

use super::commit::Step;
use super::jobs::{self, MessageMade, QuestionAsked};
use super::messages::{by_idempotency_key, load, load_by_client_id};
use super::rows::{AttachmentRow, NewMessageRow, to_json};
use super::schema::{attachments, messages};
use super::writer::CommitError;
use super::{commit_seat, door_deliveries, script_log, search};
use crate::domain::attachment::{Attachment, AttachmentEdit, NewAttachment};
use crate::domain::content::Content;
use crate::domain::event::Event;
use crate::domain::message::NewMessage;
use crate::domain::{AttachmentId, Message, MessageId, Micros, Seat};

/// A new message at the end of the thread; one that was sent already is found again instead.
pub(super) fn create(step: &mut Step, new: NewMessage) -> Result<(), CommitError> {
    let event = match insert(step, &new)? {
        Some((id, attachments)) => {
            let message = Arc::new(stored(step, id, new, attachments));
            Event::MessageSaved { message, created: true }
        }
        None => repeat(step, &new)?,
    };
    step.outcome.events.push(event);
    Ok(())
}

/// A question is asked: the message is made, and the seat that stands at it is told first, so that the message's frame
/// shows it.
pub(super) fn ask(step: &mut Step, new: NewMessage, mut seat: Seat, remind: Option<Micros>) -> Result<(), CommitError> {
    let (id, attachments) = insert(step, &new)?.ok_or(CommitError::Broken)?;
    seat.script.related_message = Some(id);
    step.last_ask = Some(id);
    if let Some(due) = remind {
        let asked = QuestionAsked { thread: step.thread, account: seat.account, message: id };
        jobs::remind(step.connection, asked, due, step.now)?;
    }
    let message = Arc::new(stored(step, id, new, attachments));
    commit_seat::put_at(step, seat, message.rev, true)?;
    step.outcome.events.push(Event::MessageSaved { message, created: true });
    Ok(())
}

/// The row, with what hangs on it; `None` if the sender's name for it was used before.
fn insert(step: &mut Step, new: &NewMessage) -> Result<Option<(MessageId, Vec<Attachment>)>, CommitError> {
    let (seq, rev) = (step.head.seq + 1, step.head.rev + 1);
    let row = NewMessageRow {
        thread_id: step.thread,
        seq,
        rev,
        sender_id: new.sender,
        kind: &new.kind,
        text: &new.text,
        markup: new.markup,
        meta: new.meta.as_ref().map(Value::to_string),
        answers: to_json(&new.answers)?,
        related_question_id: new.related_question,
        predecessor_id: new.predecessor,
        has_attachments: !new.attachments.is_empty(),
        client_id: new.client_id.as_deref(),
        created: step.now,
        updated: step.now,
        run_account_id: new.run,
        content: new.content.as_ref().map(to_json).transpose()?,
    };
    let insert = diesel::insert_into(messages::table)
        .values(&row)
        // only the client_id can clash: seq is given by the head
        .on_conflict_do_nothing()
        .returning(messages::id);
    let Some(id) = insert.get_result::<i64>(step.connection).optional()? else { return Ok(None) };
    step.head.seq = seq;
    step.head.rev = rev;
    step.head.updated = step.head.updated.max(step.now);
    let mut stored = Vec::with_capacity(new.attachments.len());
    for attachment in &new.attachments {
        stored.push(insert_attachment(step, id, attachment)?);
    }
    script_log::note(step.connection, step.thread, id, new)?;
    if step.head.converses && !new.unheard {
        jobs::note_heard(step.connection, MessageMade { thread: step.thread, seq }, step.now)?;
    }
    if step.head.converses {
        door_deliveries::note_owed(step.connection, step.thread, new.sender, step.now)?;
    }
    // what is put after this message needs a revision of its own
    step.shared = None;
    Ok(Some((id, stored)))
}

fn stored(step: &Step, id: MessageId, new: NewMessage, attachments: Vec<Attachment>) -> Message {
    Message {
        id,
        thread: step.thread,
        seq: step.head.seq,
        rev: step.head.rev,
        sender: new.sender,
        kind: new.kind,
        text: new.text,
        markup: new.markup,
        meta: new.meta,
        answers: new.answers,
        related_question: new.related_question,
        predecessor: new.predecessor,
        run: new.run,
        client_id: new.client_id,
        created: step.now,
        updated: step.now,
        content: new.content,
        deleted: false,
        attachments,
    }
}

/// The first message of that `client_id` stands; the files of the repeat are not needed.
fn repeat(step: &mut Step, new: &NewMessage) -> Result<Event, CommitError> {
    let (Some(sender), Some(client_id)) = (new.sender, new.client_id.as_deref()) else {
        return Err(CommitError::Broken);
    };
    let first = load_by_client_id(step.connection, step.thread, sender, client_id)?;
    for attachment in &new.attachments {
        step.outcome.orphans.extend(attachment.files());
    }
    Ok(Event::MessageRepeated { message: Arc::new(first) })
}

fn insert_attachment(step: &mut Step, message: MessageId, new: &NewAttachment) -> Result<Attachment, CommitError> {
    let mut attachment = new.hung_on(message);
    attachment.id = diesel::insert_into(attachments::table)
        .values(AttachmentRow::of(&attachment)?)
        .returning(attachments::id)
        .get_result(step.connection)?;
    Ok(attachment)
}

/// What is new of a message; `None` stays as it is.
pub(super) struct Edited {
    pub text: Option<String>,
    pub meta: Option<Value>,
    pub content: Option<Content>,
}

/// New text, meta or content.
pub(super) fn edit(step: &mut Step, id: MessageId, edited: Edited) -> Result<(), CommitError> {
    let Edited { text, meta, content } = edited;
    let before = load(step.connection, step.thread, id)?;
    if let Some(text) = &text {
        // what somebody wrote is theirs, whatever stood there before: it leaves escaped (contract, B-EDIT-NOESCAPE)
        let written = (messages::text.eq(text), messages::markup.eq(false));
        diesel::update(messages::table.find(id)).set(written).execute(step.connection)?;
        search::reindex(step.connection, id, text, before.sender)?;
    }
    if let Some(meta) = &meta {
        diesel::update(messages::table.find(id)).set(messages::meta.eq(meta.to_string())).execute(step.connection)?;
    }
    if let Some(content) = &content {
        diesel::update(messages::table.find(id))
            .set(messages::content.eq(to_json(content)?))
            .execute(step.connection)?;
    }
    touch(step, id)
}

/// Gives the message a new revision and tells what it is now.
fn touch(step: &mut Step, id: MessageId) -> Result<(), CommitError> {
    let rev = step.next_rev();
    step.head.updated = step.head.updated.max(step.now);
    let hangs = attachments::table.filter(attachments::message_id.eq(id)).count().get_result::<i64>(step.connection)?;
    diesel::update(messages::table.find(id))
        .set((
            messages::rev.eq(rev),
            messages::changed.eq(true),
            messages::updated.eq(step.now),
            messages::has_attachments.eq(hangs > 0),
        ))
        .execute(step.connection)?;
    let message = load(step.connection, step.thread, id)?;
    step.outcome.events.push(Event::MessageSaved { message: Arc::new(message), created: false });
    Ok(())
}

/// Takes a message back: the row stays, its attachments and its place in the search index go.
pub(super) fn delete(step: &mut Step, id: MessageId) -> Result<(), CommitError> {
    let mut message = load(step.connection, step.thread, id)?;
    let rev = step.next_rev();
    step.head.updated = step.head.updated.max(step.now);
    diesel::update(messages::table.find(id))
        .set((
            messages::deleted.eq(true),
            messages::changed.eq(true),
            messages::rev.eq(rev),
            messages::updated.eq(step.now),
            messages::has_attachments.eq(false),
        ))
        .execute(step.connection)?;
    diesel::delete(attachments::table.filter(attachments::message_id.eq(id))).execute(step.connection)?;
    search::forget(step.connection, id)?;
    script_log::forget_answers(step.connection, id)?;
    for attachment in std::mem::take(&mut message.attachments) {
        step.outcome.orphans.extend(attachment.files());
    }
    message.deleted = true;
    message.rev = rev;
    message.updated = step.now;
    step.outcome.events.push(Event::MessageDeleted { message: Arc::new(message) });
    Ok(())
}

/// Hangs something on a message.
pub(super) fn attach(step: &mut Step, message: MessageId, new: &NewAttachment) -> Result<(), CommitError> {
    let found = load(step.connection, step.thread, message)?;
    if let Some(key) = &new.idempotency_key
        && by_idempotency_key(step.connection, message, key)?.is_some()
    {
        // it hangs there already; the files of the repeat are not needed
        step.outcome.orphans.extend(new.files());
        step.outcome.events.push(Event::MessageRepeated { message: Arc::new(found) });
        return Ok(());
    }
    let attachment = insert_attachment(step, message, new)?;
    diesel::update(attachments::table.find(attachment.id))
        .set(attachments::idempotency_key.eq(&new.idempotency_key))
        .execute(step.connection)?;
    touch(step, message)
}

fn load_attachment(step: &mut Step, message: MessageId, id: AttachmentId) -> Result<Attachment, CommitError> {
    let found = load(step.connection, step.thread, message)?;
    found.attachments.into_iter().find(|attachment| attachment.id == id).ok_or(CommitError::Missing)
}

/// Changes an attachment.
pub(super) fn edit_attachment(
    step: &mut Step,
    message: MessageId,
    id: AttachmentId,
    edit: AttachmentEdit,
) -> Result<(), CommitError> {
    let mut attachment = load_attachment(step, message, id)?;
    step.outcome.orphans.extend(attachment.apply(edit));
    diesel::update(attachments::table.find(id)).set(AttachmentRow::of(&attachment)?).execute(step.connection)?;
    touch(step, message)
}

/// Takes an attachment off.
pub(super) fn detach(step: &mut Step, message: MessageId, id: AttachmentId) -> Result<(), CommitError> {
    let attachment = load_attachment(step, message, id)?;
    diesel::delete(attachments::table.find(id)).execute(step.connection)?;
    step.outcome.orphans.extend(attachment.files());
    touch(step, message)
}
