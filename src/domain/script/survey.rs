//! Surveys (contract, 14.1, 14.2): which questions are visible, when all is answered, which items are taken.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::super::refusal::FieldErrors;
use super::answer::{self, Place};
use super::schema::{Question, Schema};
use super::{AnswerId, QuestionId};

/// The items of a survey: the chosen answers by question.
pub type Items = BTreeMap<QuestionId, Vec<AnswerId>>;

/// What a survey shows (contract, 14.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurveyState {
    /// The `qid`s of the visible questions, ascending.
    pub visibility: Vec<i64>,
    /// Whether every question that is visible and required has an item.
    pub completed: bool,
}

/// Works out what is visible, and whether the survey is complete. Numbers without a question are ignored
/// (B-SURVEY-DANGLING); 0 is a number like others (B-SURVEY-ZERO). Forks are not evaluated.
pub fn state(schema: &Schema, items: &Items) -> SurveyState {
    let by_qid: HashMap<i64, &Question> = schema.questions.iter().map(|question| (question.qid, question)).collect();
    let mut visible: BTreeSet<i64> = BTreeSet::new();
    let mut waiting: Vec<&Question> = schema.first().into_iter().collect();
    while let Some(question) = waiting.pop() {
        if visible.insert(question.qid) {
            let chosen = items.get(&question.id).map(|answers| question.chosen(answers)).unwrap_or_default();
            let named = chosen.iter().map(|answer| answer.next_qid).chain([question.next_qid]);
            waiting.extend(named.flatten().filter_map(|qid| by_qid.get(&qid).copied()));
        }
    }
    let is_done = |question: &&Question| {
        !(question.required && visible.contains(&question.qid)) || items.contains_key(&question.id)
    };
    let completed = schema.questions.iter().all(|question| is_done(&question));
    SurveyState { visibility: visible.into_iter().collect(), completed }
}

/// What is wrong with a new item (contract, 14.1). The question need not be visible. That it exists at all was checked
/// before (`Invalid pk …`).
pub fn check_new(
    schema: &Schema,
    items: &Items,
    question: QuestionId,
    text: &str,
    answers: &[AnswerId],
) -> FieldErrors {
    let complaint = |code: &str| FieldErrors::one("related_question", code);
    if items.contains_key(&question) {
        return complaint("ALREADY_ANSWERED");
    }
    match schema.question(question) {
        Some(question) => answer::check(question, text, answers, Place::Survey),
        None => complaint("QUESTION_FROM_WRONG_SCHEMA"),
    }
}

/// What is wrong with an item after a change, `text` and `answers` being the resulting values (B-ITEM-PATCH).
pub fn check_changed(question: &Question, text: &str, answers: &[AnswerId]) -> FieldErrors {
    answer::check(question, text, answers, Place::Survey)
}
