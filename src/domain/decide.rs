//! The seat decides (design, part 1): a command, the seat it comes to, and the roster it sees, become one decision
//! that is committed as a whole, or a refusal.
//!
//! Most commands are decided on what the seat has before it. What must be read first (an earlier message of the same name,
//! the messages of a run) is said by [`needs`]; the actor reads it and puts it into the [`Scene`].

use std::sync::Arc;

use super::answering;
use super::attachment::{AttachmentEdit, NewAttachment};
use super::event::{Change, Decision, Own};
use super::form::{self, Form, TextRule};
use super::members::{self, MemberForm};
use super::message::NewMessage;
use super::opening::MAX_TITLE;
use super::posting::{Edit, Post};
use super::refusal::{FieldErrors, NON_FIELD, Refusal};
use super::running::{self, Beginning};
use super::scene::{Needs, Scene};
use super::script::rollback::Wish;
use super::script::{Dice, Schema, template};
use super::unread::Spans;
use super::{Account, AccountId, AttachmentId, MessageId, Mode, Notifications, Permissions, Seat, Seq};

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
    /// Go back in one's script.
    RollBack {
        /// Where to.
        wish: Wish,
        /// What is wrong with single fields.
        errors: FieldErrors,
    },
    /// Start a finished run again if its time has come.
    Restart,
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
    /// Whose run of a script it belongs to.
    pub run: Option<AccountId>,
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

/// What must be read before the command can be decided.
pub fn needs(seat: &Seat, schema: Option<&Schema>, command: &Command) -> Needs {
    match command {
        Command::Post(post) => needs_of_post(seat, schema, post),
        Command::RollBack { .. } => Needs { course: true, log_of: Some(seat.account), ..Needs::default() },
        Command::DeleteMessage { target } => Needs { log_of: target.run, ..Needs::default() },
        _ => Needs::default(),
    }
}

fn needs_of_post(seat: &Seat, schema: Option<&Schema>, post: &Post) -> Needs {
    let of_schema = |id: &i64| schema.is_some_and(|schema| schema.answer(*id).is_some());
    let is_asked = |id: &i64| schema.is_some_and(|schema| schema.question(*id).is_some());
    let mut needs = Needs {
        answers: post.answers.iter().filter(|id| !of_schema(id)).copied().collect(),
        question: post.question.filter(|id| !is_asked(id)),
        ..Needs::default()
    };
    // what was taken already must not be judged by where it led: not an answer by the question after it, nor the last one
    // by the mode after it; and it must not open or break anything again
    let is_plain = matches!(seat.mode, Mode::Open | Mode::Assisted) && schema.is_none() && !post.break_state;
    if !is_plain {
        needs.repeat.clone_from(&post.client_id);
    }
    if let Some(schema) = schema.filter(|_| mode_of(seat, post).is_scripted()) {
        let texts = schema.questions.iter().flat_map(|question| question.texts()).filter(|text| text.contains("{{"));
        let mentioned = texts.flat_map(template::mentioned);
        let mut answers: Vec<i64> = mentioned.filter_map(|qid| Some(schema.by_qid(qid)?.id)).collect();
        answers.sort_unstable();
        answers.dedup();
        answers.truncate(template::MAX_MENTIONED);
        needs.answers_to = answers;
    }
    needs
}

/// Whether the command must be decided on the seat as the commands before it leave it: it answers the current question,
/// or goes back from it. Other commands do not wait for each other.
pub fn follows_the_script(seat: &Seat, command: &Command) -> bool {
    match command {
        Command::Post(_) => seat.mode.is_scripted(),
        Command::RollBack { .. } | Command::Restart => true,
        _ => false,
    }
}

/// Decides one command.
pub fn decide(scene: &Scene<'_>, command: Command, dice: Dice<'_>) -> Result<Decision, Refusal> {
    let seat = scene.seat;
    match command {
        Command::Post(post) => self::post(scene, *post, dice),
        Command::EditMessage { target, edit } => edit_message(seat, target, *edit),
        Command::DeleteMessage { target } => delete_message(scene, target, dice),
        Command::ChangeThread(form) => change_thread(scene, *form, dice),
        Command::LeaveThread if !seat.may(Permissions::DELETE_THREAD) => Err(Refusal::Forbidden),
        Command::LeaveThread => members::remove(scene, seat.account),
        Command::AddMember { user, form } => members::add(scene, user, *form, dice),
        Command::ChangeMember { target, form, put } => members::change(scene, target, *form, put, dice),
        Command::RemoveMember { target } => members::remove(scene, target),
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
        Command::RollBack { wish, errors } => answering::roll_back(scene, wish, errors, dice),
        Command::Restart => running::restart(scene, dice),
        Command::MarkRead { seqs, upto } => {
            let changes = vec![Change::MarkRead { account: seat.account, seqs, upto }];
            Ok(Decision { changes, ..Decision::default() })
        }
    }
}

fn based_on(seat: &Seat, changes: Vec<Change>) -> Decision {
    Decision { expect: vec![(seat.account, seat.rev)], changes, own: Own::First }
}

/// The mode in which a post is judged. `break_state` is looked at first: a scripted caller is open then (contract,
/// B-BREAK-SELF).
fn mode_of(seat: &Seat, post: &Post) -> Mode {
    let breaks = post.break_state && seat.may(Permissions::BREAK_STATE);
    if breaks && seat.mode.is_scripted() { Mode::Open } else { seat.mode }
}

/// Posting, by mode (contract, 8).
fn post(scene: &Scene<'_>, mut post: Post, dice: Dice<'_>) -> Result<Decision, Refusal> {
    let seat = scene.seat;
    if !seat.may(Permissions::CREATE_MESSAGES) {
        return Err(Refusal::Forbidden);
    }
    let mut errors = std::mem::take(&mut post.errors);
    complain_of_strangers(scene, &post, &mut errors);
    let mut whole = FieldErrors::new();
    let breaks = post.break_state && seat.may(Permissions::BREAK_STATE);
    if post.break_state && !breaks {
        whole.add("break_state", "NO_PERMISSIONS");
    }
    let mode = mode_of(seat, &post);
    let is_asked = |id| scene.schema().is_some_and(|schema| schema.question(id).is_some());
    if post.question.is_some_and(|id| !is_asked(id)) {
        whole.add("question", "QUESTION_FROM_WRONG_SCHEMA");
    }
    if mode.is_scripted() {
        whole.merge_weaker(answering::check(scene, &post));
    } else if !post.answers.is_empty() {
        whole.add("answers", "WRONG_STATE");
    }
    if mode == Mode::Closed && !seat.may(Permissions::REOPEN) {
        whole.add(NON_FIELD, "THREAD_IS_CLOSED");
    }
    errors.merge_weaker(whole);
    errors.into_result()?;
    if mode.is_scripted() {
        return answering::take(scene, post, dice);
    }
    let mut decision = based_on(seat, Vec::new());
    if breaks {
        open_all(scene, Mode::is_scripted, &mut decision);
    }
    if mode == Mode::Closed {
        open_all(scene, |mode| mode == Mode::Closed, &mut decision);
    }
    let Post { kind, text, meta, client_id, attachments, content, unheard, .. } = post;
    let plain = NewMessage::plain(seat.account, kind, text);
    let message = NewMessage { meta, client_id, attachments, content, unheard, ..plain };
    decision.changes.push(Change::CreateMessage(Box::new(message)));
    Ok(decision)
}

/// Answers and questions that exist nowhere.
fn complain_of_strangers(scene: &Scene<'_>, post: &Post, errors: &mut FieldErrors) {
    if let Some(id) = scene.known.no_answers.first().filter(|_| !errors.has("answers")) {
        errors.add("answers", form::no_such(*id));
    }
    if let Some(id) = post.question.filter(|_| scene.known.no_question) {
        errors.add("question", form::no_such(id));
    }
}

/// Opens every seat whose mode is meant.
fn open_all(scene: &Scene<'_>, meant: impl Fn(Mode) -> bool, decision: &mut Decision) {
    for seat in scene.around.roster.seats().filter(|seat| meant(seat.mode)) {
        let mut opened = Seat { mode: Mode::Open, ..Seat::clone(seat) };
        if seat.mode.is_scripted() {
            opened.repetition.wait(scene.around.now);
        }
        put(seat, opened, decision);
    }
}

/// The decision holds only while this seat is as it was seen.
pub(super) fn expect(before: &Seat, decision: &mut Decision) {
    let basis = (before.account, before.rev);
    if !decision.expect.contains(&basis) {
        decision.expect.push(basis);
    }
}

/// Adds a changed seat to the decision, based on the revision it was seen at.
pub(super) fn put(before: &Seat, after: Seat, decision: &mut Decision) {
    expect(before, decision);
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
    Ok(based_on(seat, vec![Change::EditMessage { id, text, meta, content: None }]))
}

/// Taking a message back also takes back what it did to the variables of its run (contract, B-DELETE-NOPOOL).
fn delete_message(scene: &Scene<'_>, target: Target, dice: Dice<'_>) -> Result<Decision, Refusal> {
    let seat = scene.seat;
    if !seat.may(Permissions::DELETE_MESSAGES) {
        return Err(Refusal::Forbidden);
    }
    let (id, _) = target.found.ok_or(Refusal::NotFound)?;
    let mut decision = based_on(seat, vec![Change::DeleteMessage { id }]);
    let owner = target.run.and_then(|owner| scene.around.roster.seat(owner));
    if let Some((owner, after)) =
        owner.and_then(|owner| Some((owner, answering::without_message(scene, id, owner, dice)?)))
    {
        put(owner, after, &mut decision);
    }
    Ok(decision)
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
fn change_thread(scene: &Scene<'_>, form: ThreadForm, dice: Dice<'_>) -> Result<Decision, Refusal> {
    let (seat, roster) = (scene.seat, scene.around.roster);
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
    for member in roster.iter() {
        let before = &member.seat;
        let mut after = Seat::clone(before);
        after.mode = state.unwrap_or(after.mode);
        if before.account == seat.account {
            after.notifications = notifications.unwrap_or(after.notifications);
        }
        // nothing is spawned; but who has no question left would be stuck, so their script begins again
        let is_stuck = after.mode == Mode::Scripted && after.script.question.is_none();
        match scene.around.schema_of(before).filter(|_| is_stuck && after.mode != before.mode) {
            Some(schema) => {
                let changes =
                    running::begin(after, &member.account, schema, Beginning::default(), &scene.around, dice)?;
                expect(before, &mut decision);
                decision.changes.extend(changes);
            }
            None if after != **before => put(before, after, &mut decision),
            None => {}
        }
    }
    Ok(decision)
}
