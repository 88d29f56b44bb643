//! Moving on in a script (contract, 9.2, 9.3), and starting one (5.3).
//!
//! One walk serves both scripted modes. In [`Mode::Scripted`] every question on the way is asked: a message is to be
//! made, and its modifications apply. In [`Mode::FeControlled`] the front end asks; nothing is made on the way, and
//! only forks look at the pool. Otherwise than the original:
//!
//! - B-NULL-NEXT: no next question is the end. B-DANGLING: a missing one is a refusal, before anything is stored.
//! - B-SELF-LOOP: whatever leads back to the same question asks it again, `repeat` included.
//! - B-FIRST-MESSAGE, B-FIRST-FORK: the first question runs on if it takes no answer.
//! - B-REPEAT-NOINIT: `repeat` without a usable initial question starts at the first one.
//! - B-FORK-LOOP: after [`MAX_STEPS`] steps without a question to be answered the answer is refused.

use serde_json::{Map, Value};

use super::super::expression::{self, ExpressionError};
use super::super::mode::{Mode, OnFinish};
use super::super::refusal::{FieldErrors, NON_FIELD, Refusal};
use super::pool::{self, Applied, Source};
use super::schema::{Question, QuestionKind, Schema};
use super::template::{self, Speaker};
use super::{AnswerId, Dice, QuestionId};

/// The most questions that one walk passes.
pub const MAX_STEPS: usize = 1000;

/// What a walk has to know of a seat.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The schema of the run.
    pub schema: &'a Schema,
    /// The seat's mode. [`Mode::Assisted`] has a question at hand and walks nowhere.
    pub mode: Mode,
    /// What happens at the end.
    pub on_finish: OnFinish,
    /// Where `repeat` starts again.
    pub initial_question: Option<QuestionId>,
    /// Whom the script talks to.
    pub speaker: Speaker<'a>,
}

/// A message to be made of a question (contract, 9.1).
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// The question.
    pub question: QuestionId,
    /// The question that was current when the move began.
    pub predecessor: Option<QuestionId>,
    /// What is said, in the member's language, variables filled in.
    pub text: String,
    /// The variables as it is said, before its own modifications.
    pub pool: Map<String, Value>,
    /// What its modifications did.
    pub applied: Option<Applied>,
}

/// Where a seat stands after a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// At this question. In scripted mode the last message asked is the related one.
    At(QuestionId),
    /// The script is over: the seat has this mode now, no question and no related message.
    Ended(Mode),
}

/// What a walk did.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// The answered question's own message, made before the answer when the front end is in control (contract, 8.3).
    pub before: Option<Ask>,
    /// The variables as the answer is given: what `before` did is in.
    pub answered: Map<String, Value>,
    /// What the chosen answers did, in ascending order of their numbers.
    pub chosen: Vec<Applied>,
    /// The messages to be made after the answer.
    pub asks: Vec<Ask>,
    /// Where the seat stands. At an end the hook *schema completed* fires.
    pub stand: Stand,
    /// The variables.
    pub pool: Map<String, Value>,
    /// Expressions that failed, for the log of the house.
    pub faults: Vec<ExpressionError>,
}

/// Why a walk led nowhere; nothing may be stored then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Astray {
    /// A question that does not exist, or a schema without any.
    NoSuchQuestion,
    /// Too many steps without a question to be answered.
    Endless,
}

impl Astray {
    /// The code of the refusal.
    pub fn code(self) -> &'static str {
        match self {
            Astray::NoSuchQuestion => "NO_SUCH_QUESTION",
            Astray::Endless => "ENDLESS_SCRIPT",
        }
    }
}

impl From<Astray> for FieldErrors {
    fn from(astray: Astray) -> Self {
        FieldErrors::one(NON_FIELD, astray.code())
    }
}

impl From<Astray> for Refusal {
    fn from(astray: Astray) -> Self {
        FieldErrors::from(astray).into()
    }
}

impl Run<'_> {
    /// Starts a script at the named question, or at the first one (contract, 5.3: B-CREATE-QUESTION).
    pub fn start(
        &self,
        question: Option<QuestionId>,
        pool: &Map<String, Value>,
        dice: Dice<'_>,
    ) -> Result<Moved, Astray> {
        let question = match question {
            Some(id) => self.schema.question(id),
            None => self.schema.first(),
        };
        let question = question.ok_or(Astray::NoSuchQuestion)?;
        let walk = Walk::new(*self, None, pool, dice);
        if self.mode.is_scripted() { walk.from(question) } else { Ok(walk.standing(Stand::At(question.id))) }
    }

    /// Moves on from a question whose answer was checked (contract, 8.3, 9.2). `answers` as posted.
    pub fn answered(
        &self,
        question: &Question,
        answers: &[AnswerId],
        pool: &Map<String, Value>,
        dice: Dice<'_>,
    ) -> Result<Moved, Astray> {
        let mut walk = Walk::new(*self, Some(question.id), pool, dice);
        // a control question is confirmed without leaving a message
        if self.mode == Mode::FeControlled && question.kind != QuestionKind::Control {
            walk.moved.before = Some(walk.ask(question, None));
        }
        walk.moved.answered.clone_from(&walk.moved.pool);
        let mut chosen = question.chosen(answers);
        chosen.sort_by_key(|answer| answer.id);
        for answer in chosen {
            let applied = walk.apply(Source::Answer(answer.id), &answer.variable_modifications);
            walk.moved.chosen.extend(applied);
        }
        walk.to(question.next_after(answers))
    }
}

/// A walk under way.
struct Walk<'a, 'd> {
    run: Run<'a>,
    answered: Option<QuestionId>,
    moved: Moved,
    dice: Dice<'d>,
}

impl<'a, 'd> Walk<'a, 'd> {
    fn new(run: Run<'a>, answered: Option<QuestionId>, pool: &Map<String, Value>, dice: Dice<'d>) -> Self {
        let moved = Moved {
            before: None,
            answered: pool.clone(),
            chosen: Vec::new(),
            asks: Vec::new(),
            stand: Stand::Ended(run.mode),
            pool: pool.clone(),
            faults: Vec::new(),
        };
        Self { run, answered, moved, dice }
    }

    fn standing(self, stand: Stand) -> Moved {
        Moved { stand, ..self.moved }
    }

    fn apply(&mut self, source: Source, modifications: &[(String, String)]) -> Option<Applied> {
        pool::apply(source, modifications, &mut self.moved.pool, &mut self.moved.faults, self.dice)
    }

    fn ask(&mut self, question: &Question, predecessor: Option<QuestionId>) -> Ask {
        let speaker = self.run.speaker;
        let pool = self.moved.pool.clone();
        let text = template::render(&question.in_language(speaker.language).text, &speaker, &pool);
        let applied = self.apply(Source::Question, &question.variable_modifications);
        Ask { question: question.id, predecessor, text, pool, applied }
    }

    /// Goes to the question with that `qid`, and on.
    fn to(self, next: Option<i64>) -> Result<Moved, Astray> {
        match self.find(next.unwrap_or(expression::NO_TARGET))? {
            Some(question) => self.from(question),
            None => Ok(self.over()),
        }
    }

    /// Goes on from a question that was reached, until one takes an answer or the script is over.
    fn from(mut self, start: &'a Question) -> Result<Moved, Astray> {
        let mut question = start;
        for _ in 0..MAX_STEPS {
            let Some(next) = self.pass(question) else { return Ok(self.standing(Stand::At(question.id))) };
            match self.find(next)? {
                Some(found) => question = found,
                None => return Ok(self.over()),
            }
        }
        Err(Astray::Endless)
    }

    /// What happens at a question: where it leads at once, or `None` if it takes an answer.
    fn pass(&mut self, question: &Question) -> Option<i64> {
        if question.kind == QuestionKind::Fork {
            let (target, faults) = expression::choose_fork(&question.forking_rules, &self.moved.pool, self.dice);
            self.moved.faults.extend(faults);
            return Some(target);
        }
        if self.run.mode == Mode::Scripted {
            let ask = self.ask(question, self.answered);
            self.moved.asks.push(ask);
        }
        let runs_on = question.kind == QuestionKind::Message;
        runs_on.then(|| question.next_qid.unwrap_or(expression::NO_TARGET))
    }

    /// The question that a number leads to; `None` is the end.
    fn find(&self, next: i64) -> Result<Option<&'a Question>, Astray> {
        let schema = self.run.schema;
        let found = match self.run.on_finish {
            _ if next >= 0 => schema.by_qid(next),
            OnFinish::Repeat => self.run.initial_question.and_then(|id| schema.question(id)).or_else(|| schema.first()),
            OnFinish::Open | OnFinish::Close => return Ok(None),
        };
        found.ok_or(Astray::NoSuchQuestion).map(Some)
    }

    fn over(self) -> Moved {
        let mode = if self.run.on_finish == OnFinish::Close { Mode::Closed } else { Mode::Open };
        self.standing(Stand::Ended(mode))
    }
}
