//! The seat decides (design, part 1): a command, the seat it comes to, and the roster it sees, become one decision
//! that is committed as a whole, or a refusal.

use std::sync::Arc;

use super::attachment::{AttachmentEdit, NewAttachment};
use super::event::{Change, Decision};
use super::form::{Form, TextRule};
use super::members::{self, MemberForm};
use super::message::NewMessage;
use super::opening::MAX_TITLE;
use super::posting::{Edit, Post};
use super::refusal::{FieldErrors, NON_FIELD, Refusal};
use super::unread::Spans;
use super::{Account, AccountId, AttachmentId, MessageId, Micros, Mode, Notifications, Permissions, Roster, Seat, Seq};

/// Everything a member may ask of their seat.
#[derive(Clone, Debug)]
pub enum Command {
    /// Post a message.
    Post(Box<Post>),
    /// Edit a message.
    EditMessage {
        /// Which.
        target: Target,
        /// How.
        edit: Box<Edit>,
    },
    /// Take a message back.
    DeleteMessage {
        /// Which.
        target: Target,
    },
    /// Change title, own notifications, everybody's state.
    ChangeThread(Box<ThreadForm>),
    /// Leave by deleting the thread object.
    LeaveThread,
    /// Add a member.
    AddMember {
        /// Whom; complaints if that is nobody.
        user: Result<Arc<Account>, FieldErrors>,
        /// How.
        form: Box<MemberForm>,
    },
    /// Change a member's settings.
    ChangeMember {
        /// Whose.
        target: AccountId,
        /// How.
        form: Box<MemberForm>,
        /// Whether the call was a PUT.
        put: bool,
    },
    /// Take a member out.
    RemoveMember {
        /// Whom.
        target: AccountId,
    },
    /// Hang something on an own message.
    AddAttachment {
        /// On which.
        target: Target,
        /// What.
        attachment: Box<NewAttachment>,
    },
    /// Change an attachment of an own message.
    EditAttachment {
        /// Of which.
        target: Target,
        /// Which.
        id: AttachmentId,
        /// How.
        edit: Box<AttachmentEdit>,
    },
    /// Take an attachment off an own message.
    RemoveAttachment {
        /// Of which.
        target: Target,
        /// Which.
        id: AttachmentId,
    },
    /// Take these positions as read.
    MarkRead {
        /// Which.
        seqs: Spans,
        /// Where the cursor may go.
        upto: Seq,
    },
}

/// The message that a command speaks of, as it was found; `None` if there is none in this thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its id and sender.
    pub found: Option<(MessageId, Option<AccountId>)>,
}

/// A change of a thread, as it was sent (contract, 5.4).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ThreadForm {
    /// The new title.
    pub title: Option<String>,
    /// The caller's own bits.
    pub notifications: Option<Notifications>,
    /// Everybody's state.
    pub state: Option<Mode>,
    /// What is wrong.
    pub errors: FieldErrors,
}

impl ThreadForm {
    /// Reads the body of a PATCH or PUT.
    pub fn read(body: &serde_json::Map<String, serde_json::Value>) -> Self {
        let mut form = Form::new(body);
        let title = form.text("title", TextRule { max: MAX_TITLE, blank: false });
        let notifications = form.bits("notifications").map(Notifications::from_bits_retain);
        let state = form.choice("state", Mode::parse);
        Self { title, notifications, state, errors: form.errors }
    }
}

/// Decides one command on `seat`, given everybody else's seats.
pub fn decide(seat: &Seat, roster: &Roster, command: Command, now: Micros) -> Result<Decision, Refusal> {
    match command {
        Command::Post(post) => self::post(seat, roster, *post),
        Command::EditMessage { target, edit } => edit_message(seat, target, *edit),
        Command::DeleteMessage { target } => delete_message(seat, target),
        Command::ChangeThread(form) => change_thread(seat, roster, *form),
        Command::LeaveThread if !seat.may(Permissions::DELETE_THREAD) => Err(Refusal::Forbidden),
        Command::LeaveThread => members::remove(seat, roster, seat.account),
        Command::AddMember { user, form } => members::add(seat, roster, user, *form, now),
        Command::ChangeMember { target, form, put } => members::change(seat, roster, target, *form, put, now),
        Command::RemoveMember { target } => members::remove(seat, roster, target),
        Command::AddAttachment { target, attachment } => {
            let message = own_message(seat, target, Permissions::CREATE_MESSAGES)?;
            Ok(based_on(seat, vec![Change::AddAttachment { message, attachment }]))
        }
        Command::EditAttachment { target, id, edit } => {
            let message = own_message(seat, target, Permissions::EDIT_MESSAGES)?;
            Ok(based_on(seat, vec![Change::EditAttachment { message, id, edit }]))
        }
        Command::RemoveAttachment { target, id } => {
            let message = own_message(seat, target, Permissions::EDIT_MESSAGES)?;
            Ok(based_on(seat, vec![Change::RemoveAttachment { message, id }]))
        }
        Command::MarkRead { seqs, upto } => {
            let changes = vec![Change::MarkRead { account: seat.account, seqs, upto }];
            Ok(Decision { expect: Vec::new(), changes })
        }
    }
}

fn based_on(seat: &Seat, changes: Vec<Change>) -> Decision {
    Decision { expect: vec![(seat.account, seat.rev)], changes }
}

/// Posting, by mode (contract, 8).
fn post(seat: &Seat, roster: &Roster, post: Post) -> Result<Decision, Refusal> {
    if !seat.may(Permissions::CREATE_MESSAGES) {
        return Err(Refusal::Forbidden);
    }
    let Post { kind, text, meta, answers, question, break_state, client_id, attachments, mut errors } = post;
    let mut whole = FieldErrors::new();
    let breaks = break_state && seat.may(Permissions::BREAK_STATE);
    if break_state && !breaks {
        whole.add("break_state", "NO_PERMISSIONS");
    }
    // break_state is looked at first: a scripted caller is open then (contract, B-BREAK-SELF)
    let mode = if breaks && seat.mode.is_scripted() { Mode::Open } else { seat.mode };
    match mode {
        Mode::Open | Mode::Assisted => {}
        Mode::Closed if seat.may(Permissions::REOPEN) => {}
        Mode::Closed => whole.add(NON_FIELD, "THREAD_IS_CLOSED"),
        Mode::Scripted | Mode::FeControlled => whole.add("question", "REQUIRED"),
    }
    if !answers.is_empty() {
        whole.add("answers", "WRONG_STATE");
    }
    if question.is_some() {
        whole.add("question", "QUESTION_FROM_WRONG_SCHEMA");
    }
    errors.merge_weaker(whole);
    errors.into_result()?;

    let mut decision = based_on(seat, Vec::new());
    if breaks {
        open_all(roster, Mode::is_scripted, &mut decision);
    }
    if mode == Mode::Closed {
        open_all(roster, |mode| mode == Mode::Closed, &mut decision);
    }
    let message = NewMessage { sender: Some(seat.account), kind, text, markup: false, meta, client_id, attachments };
    decision.changes.push(Change::CreateMessage(Box::new(message)));
    Ok(decision)
}

/// Opens every seat whose mode is meant.
fn open_all(roster: &Roster, meant: impl Fn(Mode) -> bool, decision: &mut Decision) {
    for seat in roster.seats().filter(|seat| meant(seat.mode)) {
        let opened = Seat { mode: Mode::Open, ..Seat::clone(seat) };
        put(seat, opened, decision);
    }
}

/// Adds a changed seat to the decision, based on the revision it was seen at.
fn put(before: &Seat, after: Seat, decision: &mut Decision) {
    let basis = (before.account, before.rev);
    if !decision.expect.contains(&basis) {
        decision.expect.push(basis);
    }
    decision.changes.push(Change::PutSeat(Box::new(after)));
}

/// Own messages with bit 4; others' with bits 4 and 512 (contract, B-EDIT-ANY).
fn edit_message(seat: &Seat, target: Target, edit: Edit) -> Result<Decision, Refusal> {
    if !seat.may(Permissions::EDIT_MESSAGES) {
        return Err(Refusal::Forbidden);
    }
    let (id, sender) = target.found.ok_or(Refusal::NotFound)?;
    if sender != Some(seat.account) && !seat.may(Permissions::CONTROL_OTHERS) {
        return Err(Refusal::Forbidden);
    }
    let Edit { text, meta, errors } = edit;
    errors.into_result()?;
    Ok(based_on(seat, vec![Change::EditMessage { id, text, meta }]))
}

fn delete_message(seat: &Seat, target: Target) -> Result<Decision, Refusal> {
    if !seat.may(Permissions::DELETE_MESSAGES) {
        return Err(Refusal::Forbidden);
    }
    let (id, _) = target.found.ok_or(Refusal::NotFound)?;
    Ok(based_on(seat, vec![Change::DeleteMessage { id }]))
}

/// Attachments are their sender's to change (contract, 4). Who lacks the right, and who is not the sender, hear the
/// same; a message that does not exist is told only to those who may.
pub fn own_message(seat: &Seat, target: Target, right: Permissions) -> Result<MessageId, Refusal> {
    if !seat.may(right) {
        return Err(Refusal::Forbidden);
    }
    let (id, sender) = target.found.ok_or(Refusal::NotFound)?;
    if sender == Some(seat.account) { Ok(id) } else { Err(Refusal::Forbidden) }
}

/// Title for all, notifications for oneself, state for everybody (contract, 5.4).
fn change_thread(seat: &Seat, roster: &Roster, form: ThreadForm) -> Result<Decision, Refusal> {
    if !seat.may(Permissions::EDIT_THREAD) {
        return Err(Refusal::Forbidden);
    }
    let ThreadForm { title, notifications, state, mut errors } = form;
    let state = state.filter(|state| *state != seat.mode);
    if state.is_some_and(Mode::needs_schema) && roster.seats().any(|seat| seat.script.schema.is_none()) {
        let mut whole = FieldErrors::new();
        whole.add("schema", "REQUIRED");
        errors.merge_weaker(whole);
    }
    errors.into_result()?;
    let mut decision = based_on(seat, Vec::new());
    if let Some(title) = title.filter(|title| !title.is_empty()) {
        decision.changes.push(Change::Retitle(title));
    }
    for before in roster.seats() {
        let mut after = Seat::clone(before);
        after.mode = state.unwrap_or(after.mode);
        if before.account == seat.account {
            after.notifications = notifications.unwrap_or(after.notifications);
        }
        if after != **before {
            put(before, after, &mut decision);
        }
    }
    Ok(decision)
}
