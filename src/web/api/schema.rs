//! The shapes of bodies, for the OpenAPI document only: what is really written comes from
//! [`domain::view`](crate::domain::view), and a test compares the two.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

pub use super::schema_notifications::*;

/// A refusal that belongs to no field.
#[derive(Serialize, ToSchema)]
pub struct Detail {
    /// A sentence for people.
    detail: String,
    /// A name for programs.
    code: String,
}

/// Complaints by field: lists of sentences or codes in capitals.
#[derive(Serialize, ToSchema)]
pub struct FieldErrors {
    /// Complaints that belong to no field.
    non_field_errors: Option<Vec<String>>,
    /// Any field of the body.
    #[serde(flatten)]
    fields: std::collections::BTreeMap<String, Vec<String>>,
}

/// An account as others see it.
#[derive(Serialize, ToSchema)]
pub struct Account {
    first_name: String,
    last_name: String,
    id: i64,
    avatar: String,
}

/// A thread as one member sees it.
#[derive(Serialize, ToSchema)]
pub struct Thread {
    id: i64,
    r#type: String,
    title: String,
    created: String,
    updated: String,
    /// Permission bits of the viewer.
    permissions: i32,
    /// Notification bits of the viewer: 1 unread, 2 live frames, 4 push.
    notifications: i32,
    /// `open`, `closed`, `scripted`, `scripted_fe_controlled` or `assisted`.
    state: String,
    schema: Option<i64>,
    question: Option<i64>,
    initial_question: Option<i64>,
    related_message: Option<i64>,
    on_finish: String,
    automated_sender: Option<i64>,
    frequency_unit: Option<String>,
    frequency_value: Option<i64>,
    repeat_until: Option<String>,
    next_restart: Option<String>,
    question_data: Option<Value>,
    /// Unread messages of the viewer.
    unread: i64,
    /// The viewer's read cursor.
    read_upto: i64,
    users_data: Vec<Account>,
    users_count: i64,
    last_message_data: Option<Message>,
    variables_pool: Option<Value>,
    /// The last position.
    seq: i64,
    /// The last revision.
    rev: i64,
}

/// A message as one member sees it.
#[derive(Serialize, ToSchema)]
#[schema(no_recursion)]
pub struct Message {
    id: i64,
    thread: i64,
    /// Position in the thread, from 1.
    seq: i64,
    /// The last revision that touched it.
    rev: i64,
    sender: Option<i64>,
    sender_data: Option<Account>,
    r#type: String,
    /// HTML-escaped, unless the deployment switched that off.
    text: String,
    meta: Option<Value>,
    created: String,
    updated: String,
    related_question: Option<i64>,
    has_attachments: bool,
    attachments_data: Vec<Attachment>,
    /// False when it was unread until this very answer.
    is_read: bool,
    is_own: bool,
    /// The sender's own name for it; null for others.
    client_id: Option<String>,
    /// Only in the answer to a POST.
    answers: Option<Vec<i64>>,
    /// Only in the answer to a POST, and in frames.
    thread_data: Option<Value>,
}

/// What hangs on a message.
#[derive(Serialize, ToSchema)]
pub struct Attachment {
    id: i64,
    message: i64,
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

/// A member of a thread; the control fields only for those with bit 512.
#[derive(Serialize, ToSchema)]
pub struct Member {
    user: i64,
    permissions: i32,
    users_data: Account,
    state: Option<String>,
    schema: Option<i64>,
    on_finish: Option<String>,
    automated_sender: Option<i64>,
    initial_question: Option<i64>,
    frequency_unit: Option<String>,
    frequency_value: Option<i64>,
    repeat_until: Option<String>,
}

/// A page of threads.
#[derive(Serialize, ToSchema)]
pub struct ThreadPage {
    next: Option<String>,
    previous: Option<String>,
    results: Vec<Thread>,
}

/// A page of messages.
#[derive(Serialize, ToSchema)]
pub struct MessagePage {
    next: Option<String>,
    previous: Option<String>,
    results: Vec<Message>,
}

/// A thread about to be opened.
#[derive(Serialize, ToSchema)]
pub struct NewThread {
    title: Option<String>,
    notifications: Option<i32>,
    state: Option<String>,
    /// The schema of a script; the state says how it is run.
    schema: Option<i64>,
    /// Where to begin; the first question if nothing is said.
    question: Option<i64>,
    /// Where `on_finish: repeat` starts again.
    initial_question: Option<i64>,
    /// The language the member is spoken to in.
    language: Option<String>,
    on_finish: Option<String>,
    automated_sender: Option<i64>,
    frequency_unit: Option<String>,
    frequency_value: Option<i64>,
    repeat_until: Option<String>,
    next_restart: Option<String>,
}

/// A change of a thread.
#[derive(Serialize, ToSchema)]
pub struct ThreadChange {
    title: Option<String>,
    /// The caller's own bits.
    notifications: Option<i32>,
    /// Written to every member.
    state: Option<String>,
}

/// A message about to be posted.
#[derive(Serialize, ToSchema)]
pub struct NewMessage {
    /// `message` unless the deployment asks for it.
    r#type: Option<String>,
    text: Option<String>,
    meta: Option<Value>,
    /// The sender's own name for it; sending it again gives the first message back.
    client_id: Option<String>,
    /// Throw everybody out of their scripts first; needs bit 1024.
    break_state: Option<bool>,
    attachments: Option<Vec<NewAttachment>>,
    answers: Option<Vec<i64>>,
    question: Option<i64>,
}

/// A change of a message.
#[derive(Serialize, ToSchema)]
pub struct MessageChange {
    text: Option<String>,
    meta: Option<Value>,
}

/// An attachment about to be made.
#[derive(Serialize, ToSchema)]
pub struct NewAttachment {
    r#type: String,
    /// For a `file`: its name, whose ending must be allowed.
    title: Option<String>,
    description: Option<String>,
    options: Option<Value>,
    /// Base64.
    file_content: Option<String>,
    url: Option<String>,
    object_id: Option<i64>,
    content_type: Option<i64>,
}

/// A member about to be added.
#[derive(Serialize, ToSchema)]
pub struct NewMember {
    user: i64,
    permissions: Option<i32>,
    notifications: Option<i32>,
    state: Option<String>,
    schema: Option<i64>,
    question: Option<i64>,
}

/// A change of a member.
#[derive(Serialize, ToSchema)]
pub struct MemberChange {
    permissions: Option<i32>,
    notifications: Option<i32>,
    /// Entering a script state begins the script.
    state: Option<String>,
    schema: Option<i64>,
    /// Where to begin.
    question: Option<i64>,
    /// A group of the schema instead of a question: its first one.
    group: Option<i64>,
    on_finish: Option<String>,
    language: Option<String>,
}

/// Where to go back to; one step if nothing is said.
#[derive(Serialize, ToSchema)]
pub struct Rollback {
    /// An automated message of one's run.
    message: Option<i64>,
    /// A question, where the front end is in control.
    question: Option<i64>,
}

/// Where a member stands in their script.
#[derive(Serialize, ToSchema)]
pub struct MemberScript {
    thread: i64,
    user: i64,
    permissions: i32,
    state: String,
    schema: Option<i64>,
    schema_name: Option<String>,
    question: Option<i64>,
    question_data: Option<Value>,
    on_finish: String,
    automated_sender: Option<i64>,
    variables_pool: Value,
    /// From 0 to 1.
    progress: Option<f64>,
    rev: i64,
}

/// How far to turn the clock.
#[derive(Serialize, ToSchema)]
pub struct ClockTurn {
    /// A span of time: `90m`, `7d`.
    forward: String,
    /// Whether it stands there, until it is turned again.
    stop: Option<bool>,
}

/// The house's clock.
#[derive(Serialize, ToSchema)]
pub struct Clock {
    now: String,
}

/// Everything up to here is read.
#[derive(Serialize, ToSchema)]
pub struct ReadUpto {
    upto: i64,
}

/// What is unread now.
#[derive(Serialize, ToSchema)]
pub struct ReadState {
    thread: i64,
    unread: i64,
    read_upto: i64,
}
