//! Runs of scripts, found again in the messages of a conversation.
//!
//! A run is what one member was asked and answered in a thread. It ends where the question that it began with is asked
//! again from the start: by a restart, or, when the member's script repeats, by itself. Of two answers to one question
//! in a run the later one counts.

use std::collections::BTreeMap;

use super::super::super::{AccountId, Micros, ThreadId, text};
use super::super::schema::{Question, Schema};
use super::super::{AnswerId, QuestionId};
use super::{Given, Origin, Response};

/// A message of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// The question that it asks or answers.
    pub question: QuestionId,
    /// Whether it is an answer.
    pub is_answer: bool,
    /// The question before it; none at the start of a run.
    pub predecessor: Option<QuestionId>,
    /// The chosen answers.
    pub answers: Vec<AnswerId>,
    /// What was said.
    pub text: String,
    /// Whether that is escaped already.
    pub markup: bool,
    /// When.
    pub at: Micros,
}

/// How the member stands now who was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// Whether the run is over: the script is this one, and no question is left.
    pub is_through: bool,
    /// Whether the script begins again by itself.
    pub repeats: bool,
}

/// The runs of one member in one thread, out of the messages in their order. `member` is none when they left.
pub fn runs(schema: &Schema, place: (ThreadId, AccountId), said: &[Said], member: Option<Member>) -> Vec<Response> {
    let repeats = member.is_some_and(|member| member.repeats);
    let mut all: Vec<Response> = Vec::new();
    let mut first = None;
    for message in said {
        let begins_again = !message.is_answer
            && first == Some(message.question)
            && (message.predecessor.is_none() || repeats)
            && all.last().is_some_and(|run| !run.given.is_empty());
        if all.is_empty() || begins_again {
            first = Some(message.question);
            all.push(empty(place, message.at));
        }
        if let (Some(run), Some(question)) = (all.last_mut(), schema.question(message.question)) {
            run.seen.insert(question.id);
            if message.is_answer {
                run.given.insert(question.id, given(question, message));
            }
        }
    }
    let count = all.len();
    for (number, run) in (1..).zip(&mut all) {
        // a run that is over has nothing open; of the last one the member knows
        let through = run.seen.iter().all(|id| run.given.contains_key(id) || is_only_said(schema, *id));
        run.finished = match member {
            Some(member) if number == count && !member.repeats => member.is_through,
            _ => through,
        };
    }
    all
}

fn is_only_said(schema: &Schema, id: QuestionId) -> bool {
    use super::super::schema::QuestionKind::{Control, Fork, Message};
    // a confirmation leaves no message
    schema.question(id).is_none_or(|question| matches!(question.kind, Message | Control | Fork))
}

fn empty((thread, account): (ThreadId, AccountId), began: Micros) -> Response {
    let (seen, given) = (Default::default(), BTreeMap::new());
    Response { origin: Origin::Run, id: thread, account, began, seen, given, finished: false }
}

fn given(question: &Question, message: &Said) -> Given {
    let written = if question.kind.is_choice() { added(question, message) } else { message.text.as_str() };
    let text = if message.markup { text::unescape(written) } else { written.to_owned() };
    Given { answers: message.answers.clone(), text, at: message.at }
}

/// What was added to the chosen answers: the message says their labels first, joined by `, `.
fn added<'a>(question: &Question, message: &'a Said) -> &'a str {
    let chosen = question.chosen(&message.answers);
    let lengths: usize = chosen.iter().map(|answer| answer.text.len()).sum();
    let length = lengths + 2 * chosen.len().saturating_sub(1);
    let Some((labels, rest)) = message.text.split_at_checked(length) else { return "" };
    // in another language the labels are others: better nothing than half of one
    let is_said = chosen.iter().all(|answer| labels.contains(&answer.text));
    rest.strip_prefix(", ").filter(|_| is_said).unwrap_or_default()
}
