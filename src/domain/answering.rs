//! Posting in the scripted modes, and going back (contract, 8, 9, 11): a post is the answer to a question, or refused.

use super::attachment::NewAttachment;
use super::decide::put;
use super::event::{Change, Decision, Own};
use super::message::NewMessage;
use super::posting::Post;
use super::refusal::{FieldErrors, NON_FIELD, Refusal};
use super::running::{Course, language, run};
use super::scene::{Scene, leaving};
use super::script::answer::{self, Place, Stored};
use super::script::rollback::{self, Wish};
use super::script::template::Speaker;
use super::script::{Dice, Moved, Question, QuestionKind, Rollback, Schema, pool};
use super::{MessageId, Mode, Permissions, Seat};

/// The question that a post answers: the current one, or the one that the front end names.
pub(super) fn answered<'a>(scene: &Scene<'_>, schema: &'a Schema, post: &Post) -> Option<&'a Question> {
    let id = if scene.seat.mode == Mode::FeControlled { post.question } else { scene.seat.script.question };
    schema.question(id?)
}

/// What is wrong with a post as an answer.
pub(super) fn check(scene: &Scene<'_>, post: &Post) -> FieldErrors {
    let Some(schema) = scene.schema() else { return FieldErrors::one("question", "REQUIRED") };
    match answered(scene, schema, post) {
        Some(question) => answer::check(question, &post.text, &post.answers, Place::Script),
        None if scene.seat.mode == Mode::Scripted => FieldErrors::one(NON_FIELD, "NO_SUCH_QUESTION"),
        // that one was named, but of another schema, is said elsewhere
        None if post.question.is_some() => FieldErrors::new(),
        None => FieldErrors::one("question", "REQUIRED"),
    }
}

/// Takes an answer that was checked: the question's own message if the front end is in control, the answer, and what
/// follows, in one decision (contract, 8.3).
pub(super) fn take(scene: &Scene<'_>, post: Post, dice: Dice<'_>) -> Result<Decision, Refusal> {
    let nowhere = || Refusal::field(NON_FIELD, "NO_SUCH_QUESTION");
    let schema = scene.schema().ok_or_else(nowhere)?;
    let question = answered(scene, schema, &post).ok_or_else(nowhere)?;
    let escape = scene.around.rules.escape;
    let account = scene.around.roster.get(scene.seat.account).map(|member| &*member.account);
    let language = language(scene.seat, account);
    let spoken = question.in_language(language);
    let stored = answer::stored(&spoken, &post.text, &post.answers, escape);
    let mut answers = scene.known.answers(schema, escape);
    answers.insert(question.qid, leaving(&stored.text, stored.markup, escape));
    let speaker = Speaker { user: account, answers: &answers, language, escape };
    let walk = run(scene.seat, schema, speaker);
    let moved = walk.answered(question, &post.answers, &scene.seat.script.variables, dice)?;
    Ok(write(scene, schema, question, post, stored, moved))
}

fn write(
    scene: &Scene<'_>,
    schema: &Schema,
    question: &Question,
    post: Post,
    stored: Stored,
    moved: Moved,
) -> Decision {
    let seat = scene.seat;
    let remind_after = scene.around.rules.remind_after;
    let course = Course { seat: seat.clone(), schema, now: scene.around.now, remind_after };
    let mut changes = Vec::new();
    if let Some(ask) = &moved.before {
        changes.push(Change::CreateMessage(Box::new(course.asking(ask))));
        if moved.answered != seat.script.variables {
            let mut asked = seat.clone();
            asked.script.variables.clone_from(&moved.answered);
            changes.push(Change::MoveSeat { seat: Box::new(asked), at_last_ask: false, quiet: true });
        }
    }
    let own = if question.kind == QuestionKind::Control {
        let files = post.attachments.iter().flat_map(NewAttachment::files);
        changes.push(Change::Confirm { account: seat.account, client_id: post.client_id, files: files.collect() });
        Own::None
    } else {
        // they are shown by their position, whatever the order in which they were posted
        let mut answers: Vec<i64> = question.answers.iter().map(|answer| answer.id).collect();
        answers.retain(|id| post.answers.contains(id));
        changes.push(Change::CreateMessage(Box::new(NewMessage {
            sender: Some(seat.account),
            kind: post.kind,
            text: stored.text,
            markup: stored.markup,
            meta: post.meta,
            answers,
            related_question: Some(question.id),
            predecessor: None,
            run: Some(seat.account),
            applied: moved.chosen.clone(),
            client_id: post.client_id,
            attachments: post.attachments,
            content: None,
            unheard: post.unheard,
        })));
        Own::At(changes.len() - 1)
    };
    changes.extend(course.changes(moved));
    Decision { expect: vec![(seat.account, seat.rev)], changes, own }
}

/// Goes back in a script (contract, 11): what came after is taken back, and the variables are built again.
pub(super) fn roll_back(
    scene: &Scene<'_>,
    wish: Wish,
    errors: FieldErrors,
    dice: Dice<'_>,
) -> Result<Decision, Refusal> {
    let seat = scene.seat;
    if !seat.may(Permissions::ROLLBACK) {
        return Err(Refusal::Forbidden);
    }
    let mut errors = errors;
    let wrong_state = || Refusal::field(rollback::NON_FIELDS, "WRONG_STATE");
    let schema = scene.schema().ok_or_else(wrong_state)?;
    let course = rollback::Course {
        schema,
        mode: seat.mode,
        member: seat.account,
        automated_sender: seat.script.automated_sender,
        related_message: seat.script.related_message,
        said: &scene.known.said,
    };
    let plan = rollback::plan(wish, &course);
    if !errors.is_empty() {
        // all that is wrong is said at once (contract, 1)
        errors.merge_weaker(plan.err().unwrap_or_default());
        return Err(errors.into());
    }
    let plan = plan?;
    let mut decision = Decision { expect: vec![(seat.account, seat.rev)], own: Own::None, ..Decision::default() };
    let Rollback::Back { question, related_message, delete } = plan else { return Ok(decision) };
    let mut back = seat.clone();
    back.script.question = Some(question);
    back.script.related_message = related_message;
    if !delete.is_empty() {
        back.script.variables = rebuilt(scene, &delete, dice);
    }
    decision.changes.extend(delete.into_iter().map(|id| Change::DeleteMessage { id }));
    decision.own = Own::First;
    if back != *seat {
        put(seat, back, &mut decision);
        let rules = scene.around.rules;
        if let (Some(message), Some(after)) = (related_message, rules.remind_after) {
            let due = scene.around.now.saturating_add(after);
            decision.changes.push(Change::Remind { account: seat.account, message, due });
        }
    }
    Ok(decision)
}

/// The variables without what these messages did, and those taken back before (contract, 9.4).
pub(super) fn rebuilt(
    scene: &Scene<'_>,
    without: &[MessageId],
    dice: Dice<'_>,
) -> serde_json::Map<String, serde_json::Value> {
    let is_gone = |id: MessageId| without.contains(&id) || scene.known.taken_back.contains(&id);
    pool::replay(&scene.known.log, &is_gone, dice)
}

/// The owner of a run whose variables a deleted message changes, as they are without it.
pub(super) fn without_message(scene: &Scene<'_>, id: MessageId, owner: &Seat, dice: Dice<'_>) -> Option<Seat> {
    if !scene.known.log.iter().any(|entry| entry.message == id) {
        return None;
    }
    let mut after = owner.clone();
    after.script.variables = rebuilt(scene, &[id], dice);
    (after != *owner).then_some(after)
}
