//! The shapes of surveys, for the OpenAPI document only.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::schema::Account;

/// A survey.
#[derive(Serialize, ToSchema)]
pub struct Survey {
    id: i64,
    schema: i64,
    user: i64,
    user_data: Account,
    automated_sender: Option<i64>,
    automated_sender_data: Option<Account>,
    created: String,
    updated: String,
    state: SurveyState,
}

/// What a survey shows.
#[derive(Serialize, ToSchema)]
pub struct SurveyState {
    /// The `qid`s of the visible questions, ascending.
    visibility: Vec<i64>,
    /// Whether every visible required question is answered.
    completed: bool,
}

/// A page of surveys.
#[derive(Serialize, ToSchema)]
pub struct SurveyPage {
    next: Option<String>,
    previous: Option<String>,
    results: Vec<Survey>,
}

/// A survey about to begin.
#[derive(Serialize, ToSchema)]
pub struct NewSurvey {
    schema: i64,
    /// The caller or a bot.
    automated_sender: Option<i64>,
}

/// The answer to one question of a survey.
#[derive(Serialize, ToSchema)]
pub struct SurveyItem {
    id: i64,
    survey: i64,
    related_question: i64,
    /// Always `answer`.
    r#type: String,
    sender: Option<i64>,
    /// HTML-escaped, unless the deployment switched that off.
    text: String,
    /// By position.
    answers: Vec<i64>,
    position: i64,
    meta: Option<Value>,
    created: String,
    updated: String,
    has_attachments: bool,
    attachments_data: Vec<SurveyAttachment>,
    answers_data: Vec<Value>,
    related_question_data: Value,
    /// Only in lists and in the answer to a POST.
    survey_data: Option<Value>,
    /// Only of a single item.
    sender_data: Option<Account>,
}

/// An answer about to be given.
#[derive(Serialize, ToSchema)]
pub struct NewSurveyItem {
    related_question: i64,
    text: Option<String>,
    answers: Option<Vec<i64>>,
    /// Accepted, without effect.
    verify: Option<bool>,
}

/// A change of an answer.
#[derive(Serialize, ToSchema)]
pub struct SurveyItemChange {
    text: Option<String>,
    answers: Option<Vec<i64>>,
}

/// What hangs on an item of a survey.
#[derive(Serialize, ToSchema)]
pub struct SurveyAttachment {
    id: i64,
    item: i64,
    /// `image`, `youtube`, `object_reference` or `file`.
    r#type: String,
    title: String,
    description: String,
    src: String,
    thumbnail: Option<Value>,
    options: Option<Value>,
    object_id: Option<i64>,
    content_type: Option<i64>,
    content_type_name: Option<String>,
}

/// What the answers to a schema add up to; see the documentation of surveys.
#[derive(Serialize, ToSchema)]
pub struct Results {
    /// The schema, as lists have it.
    schema: Value,
    /// `surveys`, `runs`, `total`.
    responses: Value,
    /// `started`, `completed`, `rate`, `median_seconds`.
    completion: Value,
    /// Where those that are not complete stand: `question`, `qid`, `count`.
    drop_off: Vec<Value>,
    /// Each question: `seen`, `answered`, `skipped`, `waiting`, `hidden`, and what its type adds up to.
    questions: Vec<Value>,
    /// Whether there was more than is counted at once.
    truncated: bool,
}
