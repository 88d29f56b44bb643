//! What the answers to a schema add up to: surveys and scripted conversations counted alike.
//!
//! # What is counted
//!
//! A [`Response`] is one survey, or one run of a script. Each goes through a [`Tally`] once; what comes out are
//! [`Results`]. Only answers to questions that were *seen* count: visible in a survey, asked in a run. An answer to a
//! question that became invisible is kept in its survey, but here it is only `hidden`.
//!
//! # Invariants
//!
//! Of each question `seen = answered + skipped + waiting`. A seen question is skipped when it has no answer and the
//! response is complete or went on behind it; else it is still waiting. `started = completed +` all of `drop_off`. A
//! response without any answer is never complete, though its survey may say so when nothing is required.
//!
//! The order in which responses come makes no difference. Memory grows with the answers that are numbers, and not with
//! texts, of which only the newest are kept.

mod numbers;
pub mod runs;
pub mod table;
mod tally;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use numbers::{Bar, Numbers};
pub use tally::{Tally, Window};

use super::super::survey::{Item, Survey};
use super::super::{AccountId, Micros};
use super::schema::Schema;
use super::{AnswerId, QuestionId};

/// Where answers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A survey.
    Survey,
    /// A run of a script.
    Run,
}

/// What somebody answered to a schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// Where it comes from.
    pub origin: Origin,
    /// The number of the survey, or of the thread.
    pub id: i64,
    /// Whose it is.
    pub account: AccountId,
    /// When it began.
    pub began: Micros,
    /// The questions that were visible or asked.
    pub seen: BTreeSet<QuestionId>,
    /// What was answered.
    pub given: BTreeMap<QuestionId, Given>,
    /// Whether it is complete, as far as its origin knows.
    pub finished: bool,
}

/// The answer to one question.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// The chosen answers.
    pub answers: Vec<AnswerId>,
    /// What was written, unescaped.
    pub text: String,
    /// When it was answered.
    pub at: Micros,
}

impl Response {
    /// A survey with its items.
    pub fn of_survey(schema: &Schema, survey: &Survey, items: Vec<Item>) -> Self {
        let visible = survey.state.visibility.iter().collect::<BTreeSet<_>>();
        let seen =
            schema.questions.iter().filter(|question| visible.contains(&question.qid)).map(|question| question.id);
        let given = items.into_iter().map(|item| {
            let given = Given { answers: item.answers, text: item.text, at: item.created };
            (item.question, given)
        });
        Self {
            origin: Origin::Survey,
            id: survey.id,
            account: survey.account,
            began: survey.created,
            seen: seen.collect(),
            given: given.collect(),
            finished: survey.state.completed,
        }
    }

    /// The answers that count.
    pub fn counted(&self) -> impl Iterator<Item = (QuestionId, &Given)> {
        self.given
            .iter()
            .filter(|(question, _)| self.seen.contains(question))
            .map(|(question, given)| (*question, given))
    }

    /// Whether it is complete: finished, with at least one answer.
    pub fn is_complete(&self) -> bool {
        self.finished && self.counted().next().is_some()
    }
}

/// What the answers to a schema add up to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Results {
    /// How many responses there are.
    pub responses: Responses,
    /// How many of them came to an end.
    pub completion: Completion,
    /// Where those that are not complete stand, by position; nowhere last.
    pub drop_off: Vec<Stands>,
    /// Each question, by position.
    pub questions: Vec<Asked>,
}

/// How many responses there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Responses {
    /// Surveys.
    pub surveys: u64,
    /// Runs of scripts.
    pub runs: u64,
    /// Both.
    pub total: u64,
}

/// How many responses came to an end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Completion {
    /// All of them.
    pub started: u64,
    /// The complete ones.
    pub completed: u64,
    /// Complete ones of all; nothing of nothing.
    pub rate: Option<f64>,
    /// The median time from the first to the last answer of the complete ones, in seconds.
    pub median_seconds: Option<f64>,
}

/// How many stand before a question: the first seen one that they have not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Stands {
    /// The question; none when nothing that was seen is left to answer.
    pub question: Option<QuestionId>,
    /// Its `qid`.
    pub qid: Option<i64>,
    /// How many.
    pub count: u64,
}

/// What the answers to one question add up to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Asked {
    /// The question.
    pub question: QuestionId,
    /// Its `qid`.
    pub qid: i64,
    /// Its position.
    pub position: i64,
    /// Its type.
    pub r#type: &'static str,
    /// What it says.
    pub text: String,
    /// Whether a survey needs it.
    pub required: bool,
    /// How many saw it.
    pub seen: u64,
    /// How many of them answered.
    pub answered: u64,
    /// How many of them went on without an answer.
    pub skipped: u64,
    /// How many of them have not come to it yet.
    pub waiting: u64,
    /// How many answered it and do not see it any more.
    pub hidden: u64,
    /// How often each answer was chosen, by position; only of choices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers: Option<Vec<Chosen>>,
    /// Only of numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numbers: Option<Numbers>,
    /// Dates by month, ascending; only of dates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub months: Option<Vec<InMonth>>,
    /// The newest texts; only where something may be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub texts: Option<Texts>,
}

/// How often an answer was chosen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Chosen {
    /// The answer.
    pub answer: AnswerId,
    /// Its label.
    pub text: String,
    /// How often.
    pub count: u64,
    /// Of those who answered the question; with several answers each, shares add up to more than one.
    pub share: Option<f64>,
}

/// Dates in one month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InMonth {
    /// `YYYY-MM`.
    pub month: String,
    /// How many.
    pub count: u64,
}

/// The newest texts of a question.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Texts {
    /// How many there are.
    pub total: u64,
    /// How many newer ones are left out.
    pub offset: usize,
    /// The newest behind those.
    pub results: Vec<Written>,
}

/// Something that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Written {
    /// What, as it was sent.
    pub text: String,
    /// When, as instants are written.
    pub created: String,
    /// Where it comes from.
    pub origin: Origin,
    /// The number of the survey, or of the thread.
    pub id: i64,
}

/// A part of a whole; nothing of nothing.
fn share(part: u64, whole: u64) -> Option<f64> {
    // counts are far below the numbers that a float does not hold
    (whole > 0).then(|| part as f64 / whole as f64)
}
