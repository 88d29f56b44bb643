//! The shapes of the bodies about schemas, for the OpenAPI document only; what is really written comes from
//! [`wire`](crate::domain::script::wire).

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A schema in lists.
#[derive(Serialize, ToSchema)]
pub struct SchemaSummary {
    id: i64,
    name: String,
    r#type: String,
    /// From 1; unique with the name.
    version: i64,
    published: bool,
    deprecated: bool,
    /// The language of its texts; empty if nobody said.
    language: String,
}

/// A page of schemas.
#[derive(Serialize, ToSchema)]
pub struct SchemaPage {
    next: Option<String>,
    previous: Option<String>,
    results: Vec<SchemaSummary>,
}

/// A schema with everything in it.
#[derive(Serialize, ToSchema)]
pub struct Schema {
    id: i64,
    name: String,
    r#type: String,
    version: i64,
    published: bool,
    deprecated: bool,
    language: String,
    groups: Vec<Group>,
    /// Those without a group, by position.
    questions: Vec<Question>,
}

/// A group of questions.
#[derive(Serialize, ToSchema)]
pub struct Group {
    id: i64,
    schema: i64,
    name: String,
    position: i64,
    /// By position; only in the whole schema.
    questions: Option<Vec<Question>>,
}

/// A question.
#[derive(Serialize, ToSchema)]
pub struct Question {
    id: i64,
    schema: i64,
    group: Option<i64>,
    /// What `next_qid` and forks point at.
    qid: i64,
    /// The lowest is the first question.
    position: i64,
    /// `choice`, `multichoice`, `text`, `date`, `time`, `datetime`, `int`, `float`, `range`, `message`, `control`, `fork`.
    r#type: String,
    text: String,
    next_qid: Option<i64>,
    meta: Option<Value>,
    required: bool,
    choice_open: bool,
    range_from: Option<f64>,
    range_to: Option<f64>,
    variable_modifications: Vec<(String, String)>,
    forking_rules: Vec<(String, String)>,
    show_as_type: String,
    has_attachments: bool,
    answers: Vec<Choice>,
    attachments: Vec<Template>,
    /// Only for the desk.
    comments: Option<String>,
    /// Texts by language; only for the desk.
    translations: Option<Value>,
}

/// An answer that may be chosen.
#[derive(Serialize, ToSchema)]
pub struct Choice {
    id: i64,
    question: i64,
    position: i64,
    text: String,
    next_qid: Option<i64>,
    meta: Option<Value>,
    exclusive: bool,
    variable_modifications: Vec<(String, String)>,
    /// Only for the desk.
    comments: Option<String>,
    /// Labels by language; only for the desk.
    translations: Option<Value>,
}

/// What hangs on a question.
#[derive(Serialize, ToSchema)]
pub struct Template {
    id: i64,
    question: i64,
    /// `image`, `youtube`, `object_reference` or `file`.
    r#type: String,
    title: String,
    description: String,
    src: String,
    thumbnail: Option<Value>,
    options: Option<Value>,
    object_id: Option<i64>,
    content_type: Option<i64>,
}

/// A schema about to be made, or to take the place of a draft. What the schema itself shows may be sent back.
#[derive(Serialize, ToSchema)]
pub struct NewSchema {
    name: String,
    r#type: String,
    /// The next one of its name, if it is not sent. A draft keeps its own.
    version: Option<i64>,
    language: Option<String>,
    groups: Option<Vec<NewGroup>>,
    questions: Option<Vec<NewQuestion>>,
}

/// A change of a draft's own fields.
#[derive(Serialize, ToSchema)]
pub struct SchemaChange {
    name: Option<String>,
    r#type: Option<String>,
    language: Option<String>,
}

/// A group about to be made.
#[derive(Serialize, ToSchema)]
pub struct NewGroup {
    /// That of a group of the draft, which it stays then.
    id: Option<i64>,
    name: String,
    position: i64,
    /// Only in a whole schema.
    questions: Option<Vec<NewQuestion>>,
}

/// A question about to be made.
#[derive(Serialize, ToSchema)]
pub struct NewQuestion {
    /// That of a question of the draft, which it stays then.
    id: Option<i64>,
    qid: i64,
    position: i64,
    r#type: String,
    text: Option<String>,
    /// −1 ends the script.
    next_qid: Option<i64>,
    /// The number or the name of a group.
    group: Option<Value>,
    meta: Option<Value>,
    required: Option<bool>,
    choice_open: Option<bool>,
    range_from: Option<f64>,
    range_to: Option<f64>,
    comments: Option<String>,
    variable_modifications: Option<Vec<(String, String)>>,
    forking_rules: Option<Vec<(String, String)>>,
    show_as_type: Option<String>,
    translations: Option<Value>,
    answers: Option<Vec<NewChoice>>,
    attachments: Option<Vec<super::super::schema::NewAttachment>>,
}

/// An answer about to be made.
#[derive(Serialize, ToSchema)]
pub struct NewChoice {
    id: Option<i64>,
    position: i64,
    text: String,
    /// A question of the schema, or −1.
    next_qid: i64,
    meta: Option<Value>,
    exclusive: Option<bool>,
    comments: Option<String>,
    variable_modifications: Option<Vec<(String, String)>>,
    translations: Option<Value>,
}

/// How to publish.
#[derive(Serialize, ToSchema)]
pub struct Publish {
    /// In spite of what the checker found; broken rules are never forgiven.
    force: Option<bool>,
}

/// Something that is wrong with a schema.
#[derive(Serialize, ToSchema)]
pub struct Finding {
    text: String,
    /// The `qid`s of the questions on the way there.
    path: Vec<i64>,
    /// `rule`: a rule is broken. `path`: the checker found it on a way through the schema.
    kind: String,
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub struct Findings {
    findings: Vec<Finding>,
}

/// A record of a schema's file.
#[derive(Serialize, ToSchema)]
pub struct Record {
    /// `chat_api.schema`, `chat_api.group`, `chat_api.question`, `chat_api.answer`, `chat_api.attachmenttemplate`.
    model: String,
    pk: i64,
    fields: Value,
}

/// What is to be walked.
#[derive(Serialize, ToSchema)]
pub struct Wish {
    language: Option<String>,
    /// `scripted` or `scripted_fe_controlled`.
    mode: Option<String>,
    steps: Option<Vec<PreviewStep>>,
    /// Where chance begins: the same seed and answers give the same way.
    seed: Option<i64>,
}

/// One answer of a preview.
#[derive(Serialize, ToSchema)]
pub struct PreviewStep {
    text: Option<String>,
    answers: Option<Vec<i64>>,
    /// Only when the front end is in control.
    question: Option<i64>,
}

/// What would have been said.
#[derive(Serialize, ToSchema)]
pub struct Preview {
    messages: Vec<PreviewMessage>,
    /// The question to be answered next; null at the end.
    question_data: Option<Question>,
    variables_pool: Value,
    ended: bool,
    /// What is wrong with the last answer; the walk stopped there.
    errors: Option<Value>,
}

/// A message of a preview.
#[derive(Serialize, ToSchema)]
pub struct PreviewMessage {
    /// `script` or `you`.
    sender: String,
    text: String,
    question: i64,
}

/// Where live conversations stand.
#[derive(Serialize, ToSchema)]
pub struct Positions {
    total: i64,
    questions: Vec<Position>,
}

/// How many stand at a question.
#[derive(Serialize, ToSchema)]
pub struct Position {
    question: Option<i64>,
    qid: Option<i64>,
    count: i64,
}
