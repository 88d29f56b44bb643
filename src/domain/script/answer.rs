//! Whether an answer fits its question (contract, 8.1), and what is kept of it (8.2).

use super::super::refusal::FieldErrors;
use super::super::text;
use super::schema::{Question, QuestionKind};
use super::{AnswerId, moments};

const REQUIRED: &str = "REQUIRED";
const WRONG_STATE: &str = "WRONG_STATE";
const WRONG_VALUE: &str = "WRONG_VALUE";

/// Where a question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a run of a script.
    Script,
    /// In a survey, where there is no free pass for control questions (contract, 14.1).
    Survey,
}

/// What is kept of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The message's text.
    pub text: String,
    /// Whether it leaves unescaped: labels are the house's own, and what was added to them is escaped here.
    pub markup: bool,
}

/// What is wrong with an answer: the complaints about `text` and `answers` (contract, 8.1).
pub fn check(question: &Question, text: &str, answers: &[AnswerId], place: Place) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let text = text.trim();
    if question.kind == QuestionKind::Control && place == Place::Script {
        return errors;
    }
    if question.kind.is_choice() {
        if !text.is_empty() && !question.choice_open {
            errors.add("text", WRONG_STATE);
        }
        if let Some(code) = wrong_choice(question, answers) {
            errors.add("answers", code);
        }
        return errors;
    }
    if !answers.is_empty() {
        errors.add("answers", WRONG_STATE);
    }
    if let Some(code) = wrong_text(question, text) {
        errors.add("text", code);
    }
    errors
}

fn wrong_choice(question: &Question, answers: &[AnswerId]) -> Option<&'static str> {
    if answers.is_empty() {
        return Some(REQUIRED);
    }
    // the later code of the original: it replaces the two below
    if answers.iter().any(|id| question.answer(*id).is_none()) {
        return Some(WRONG_VALUE);
    }
    if answers.len() == 1 {
        return None;
    }
    if question.kind == QuestionKind::Choice {
        return Some("TOO_MANY");
    }
    let exclusive = question.chosen(answers).iter().any(|answer| answer.exclusive);
    exclusive.then_some("EXCLUSIVE")
}

fn wrong_text(question: &Question, text: &str) -> Option<&'static str> {
    let fits = match question.kind {
        QuestionKind::Date | QuestionKind::Time | QuestionKind::Datetime => moments::is_moment(text),
        QuestionKind::Int => text.parse::<i64>().is_ok(),
        QuestionKind::Float => number(text).is_some(),
        QuestionKind::Range => number(text).is_some_and(|number| in_range(question, number)),
        _ => return text.is_empty().then_some(REQUIRED),
    };
    (!fits).then_some(WRONG_VALUE)
}

/// A finite number: decimal or with an exponent.
fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Both ends are in; an end that is not set holds nobody back.
fn in_range(question: &Question, number: f64) -> bool {
    question.range_from.is_none_or(|from| from <= number) && question.range_to.is_none_or(|to| number <= to)
}

/// What is kept of an answer in a script (contract, 8.2): with choices the labels in the order posted, and what was
/// added to them. `escape` says whether texts leave the house escaped. A label is named once, however often it was
/// posted.
pub fn stored(question: &Question, text: &str, answers: &[AnswerId], escape: bool) -> Stored {
    let text = text.trim();
    if !question.kind.is_choice() {
        return Stored { text: text.to_owned(), markup: false };
    }
    let mut parts: Vec<String> = question.chosen(answers).into_iter().map(|answer| answer.text.clone()).collect();
    if question.choice_open && !text.is_empty() {
        parts.push(if escape { text::escape(text).into_owned() } else { text.to_owned() });
    }
    Stored { text: parts.join(", "), markup: true }
}
