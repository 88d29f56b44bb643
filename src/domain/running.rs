//! Seats in their scripts: beginning a run, moving on, starting it again. What a walk did
//! ([`Moved`]) becomes the changes that store it.
//!
//! # The road of an answer
//!
//! 1. [`answering`](super::answering) checks the post against its question and asks the walk where it leads.
//! 2. [`Course::changes`] writes that down: each question asked is a message together with the seat standing at it
//!    ([`Change::Ask`]), the end of the walk is the seat as it is then ([`Change::MoveSeat`]).
//! 3. The store carries all of it out in one transaction, or nothing; numbers of messages are given there.

use super::decide::put;
use super::event::{Change, Decision, Own};
use super::message::NewMessage;
use super::refusal::{FieldErrors, Refusal};
use super::scene::{Scene, Surroundings};
use super::script::template::Speaker;
use super::script::walk::Ask;
use super::script::{Dice, Moved, QuestionId, Run, Schema, Stand};
use super::seat::Seat;
use super::{Account, Mode};

/// The run of a seat, as the walk needs it.
pub(super) fn run<'a>(seat: &Seat, schema: &'a Schema, speaker: Speaker<'a>) -> Run<'a> {
    Run {
        schema,
        mode: seat.mode,
        on_finish: seat.script.on_finish,
        initial_question: seat.script.initial_question,
        speaker,
    }
}

/// The language that a member is spoken to in.
pub fn language<'a>(seat: &'a Seat, account: Option<&'a Account>) -> Option<&'a str> {
    seat.script.language.as_deref().or_else(|| account?.language.as_deref())
}

/// A seat on its way through its schema.
pub(super) struct Course<'a> {
    pub seat: Seat,
    pub schema: &'a Schema,
    pub now: super::Micros,
    pub remind_after: Option<super::Micros>,
}

impl Course<'_> {
    /// The message that asks a question.
    pub(super) fn asking(&self, ask: &Ask) -> NewMessage {
        let question = self.schema.question(ask.question);
        NewMessage {
            sender: self.seat.script.automated_sender,
            kind: question.map(|question| question.show_as_type.clone()).unwrap_or_default(),
            text: ask.text.clone(),
            markup: true,
            meta: question.and_then(|question| question.meta.clone()),
            answers: Vec::new(),
            related_question: Some(ask.question),
            predecessor: ask.predecessor,
            run: Some(self.seat.account),
            applied: ask.applied.clone().into_iter().collect(),
            client_id: None,
            attachments: Vec::new(),
            content: None,
            // a question is not said to the bots
            unheard: true,
        }
    }

    /// What stores the rest of a walk: each question asked, and where the seat stands then.
    pub(super) fn changes(mut self, moved: Moved) -> Vec<Change> {
        let mut changes = Vec::new();
        for ask in &moved.asks {
            self.seat.script.question = Some(ask.question);
            self.seat.script.variables.clone_from(&ask.pool);
            let (message, seat) = (Box::new(self.asking(ask)), Box::new(self.seat.clone()));
            changes.push(Change::Ask { message, seat, remind: None });
        }
        // only the last one waits for an answer
        if let (Some(Change::Ask { remind, .. }), Stand::At(_)) = (changes.last_mut(), moved.stand) {
            *remind = self.remind_after.map(|after| self.now.saturating_add(after));
        }
        let asked = !changes.is_empty();
        let before = self.seat.clone();
        self.seat.script.variables = moved.pool;
        match moved.stand {
            Stand::At(question) => self.seat.script.question = Some(question),
            Stand::Ended(mode) => self.end(mode),
        }
        let is_there = asked && self.seat == before;
        if !is_there {
            let at_last_ask = asked && matches!(moved.stand, Stand::At(_));
            changes.push(Change::MoveSeat { seat: Box::new(self.seat), at_last_ask, quiet: false });
        }
        changes
    }

    /// The script is over; a repetition that nobody gave a time begins to count now.
    fn end(&mut self, mode: Mode) {
        self.seat.mode = mode;
        self.seat.script.question = None;
        self.seat.script.related_message = None;
        self.seat.repetition.wait(self.now);
    }
}

/// Where a run begins, and with what.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beginning {
    /// The question to begin at; the first one if `None`.
    pub question: Option<QuestionId>,
    /// Whether the variables of the last run are kept.
    pub keeps_variables: bool,
}

/// Begins a run (contract, 5.3). `seat` has its mode and schema already; the changes store it, a member's first seat
/// included.
pub fn begin(
    seat: Seat,
    account: &Account,
    schema: &Schema,
    beginning: Beginning,
    around: &Surroundings<'_>,
    dice: Dice<'_>,
) -> Result<Vec<Change>, FieldErrors> {
    let mut seat = seat;
    seat.script.began = around.seq;
    seat.script.related_message = None;
    let mut changes = Vec::new();
    if !beginning.keeps_variables {
        seat.script.variables.clear();
        changes.push(Change::ForgetVariables(seat.account));
    }
    if seat.mode.is_scripted() {
        seat.script.run_mode = Some(seat.mode);
    }
    let answers = Default::default();
    let speaker = Speaker {
        user: Some(account),
        answers: &answers,
        language: language(&seat, Some(account)),
        escape: around.rules.escape,
    };
    let moved = run(&seat, schema, speaker).start(beginning.question, &seat.script.variables, dice)?;
    let course = Course { seat: seat.clone(), schema, now: around.now, remind_after: around.rules.remind_after };
    changes.extend(course.changes(moved));
    Ok(changes)
}

/// Starts a finished run again because its time has come (contract, 16: B-REPETITION). A run under way is left alone;
/// either way the next time is worked out.
pub fn restart(scene: &Scene<'_>, dice: Dice<'_>) -> Result<Decision, Refusal> {
    let (seat, now) = (scene.seat, scene.around.now);
    let Some(due) = seat.repetition.next.filter(|due| *due <= now) else { return Ok(Decision::default()) };
    let mut again = seat.clone();
    again.repetition.anchor = seat.repetition.anchor.or(Some(due));
    again.repetition.next = seat.repetition.following(again.repetition.anchor.unwrap_or(due), now);
    let mut decision = Decision { expect: vec![(seat.account, seat.rev)], own: Own::None, ..Decision::default() };
    let account = scene.around.roster.get(seat.account).map(|member| member.account.clone());
    let is_over = seat.repetition.until.is_some_and(|until| until < due);
    let (Some(schema), Some(account), false) = (scene.schema(), account, seat.mode.is_scripted() || is_over) else {
        put(seat, again, &mut decision);
        return Ok(decision);
    };
    let mut begun = again.clone();
    begun.mode = seat.script.run_mode.unwrap_or(Mode::Scripted);
    // a question of another schema, or one that is gone, is no place to begin
    let question = seat.script.initial_question.filter(|id| schema.question(*id).is_some());
    let beginning = Beginning { question, keeps_variables: !scene.around.rules.reset_on_repeat };
    match begin(begun, &account, schema, beginning, &scene.around, dice) {
        Ok(changes) => decision.changes = changes,
        // it leads nowhere: the next time is tried again, not every moment
        Err(_) => put(seat, again, &mut decision),
    }
    Ok(decision)
}
