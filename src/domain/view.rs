//! What leaves the house (contract, 5.1, 7.1, 15.3). Each object is written in two parts: what all recipients share,
//! serialised once, and what is one recipient's own, spliced in per seat. REST and frames use the same writers, so
//! they cannot differ.

use std::borrow::Cow;
use std::fmt::Write;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::account::AccountView;
use super::content::Content;
use super::mode::FrequencyUnit;
use super::script::template::{self, Speaker};
use super::script::{Schema, wire};
use super::{Account, AccountId, Message, MessageId, Rev, Roster, Seat, Seq, ThreadId, text, time};

/// More members than this, and frames leave `users_data` out (design, part 6).
pub const MAX_USERS_IN_FRAMES: usize = 16;

/// How this deployment shows things.
#[derive(Clone, Debug)]
pub struct Look {
    /// Where files are served, ending in a slash.
    pub media_base: String,
    /// The picture of those who have none.
    pub placeholder: String,
    /// Whether texts leave escaped.
    pub escape: bool,
}

impl Look {
    /// The address of a stored file.
    pub fn media(&self, name: &str) -> String {
        format!("{}{name}", self.media_base)
    }

    fn text<'a>(&self, message: &'a Message) -> Cow<'a, str> {
        let escapes = self.escape && !message.markup;
        if escapes { text::escape(&message.text) } else { Cow::Borrowed(&message.text) }
    }
}

/// The two fields of a message that depend on who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Viewed {
    /// Whether the viewer has read it.
    pub is_read: bool,
    /// Whether the viewer sent it.
    pub is_own: bool,
}

#[derive(Serialize)]
struct MessageShared<'a> {
    related_question: Option<i64>,
    updated: String,
    meta: &'a Option<Value>,
    created: String,
    has_attachments: bool,
    thread: ThreadId,
    sender: Option<AccountId>,
    id: MessageId,
    text: Cow<'a, str>,
    r#type: &'a str,
    sender_data: Option<&'a AccountView>,
    attachments_data: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a Content>,
    seq: Seq,
    rev: Rev,
}

/// The members of a message object that everybody sees alike, without braces.
pub fn message_shared(message: &Message, sender: Option<&AccountView>, look: &Look) -> String {
    let created = time::format(message.created);
    without_braces(&MessageShared {
        related_question: message.related_question,
        updated: if message.updated == message.created { created.clone() } else { time::format(message.updated) },
        meta: &message.meta,
        created,
        has_attachments: !message.attachments.is_empty(),
        thread: message.thread,
        sender: message.sender,
        id: message.id,
        text: look.text(message),
        r#type: &message.kind,
        sender_data: sender,
        attachments_data: message.attachments.iter().map(|attachment| attachment.to_json(look)).collect(),
        content: message.content.as_ref(),
        seq: message.seq,
        rev: message.rev,
    })
}

/// A whole message object. Its `client_id` is shown to its sender only.
pub fn message_object(shared: &str, message: &Message, viewed: Viewed) -> String {
    let mut object = String::with_capacity(shared.len() + 64);
    let _ = write!(object, "{{{shared}");
    push_viewed(&mut object, message, viewed);
    object.push('}');
    object
}

/// The members of a message object that are the viewer's own, with a leading comma.
pub fn push_viewed(out: &mut String, message: &Message, viewed: Viewed) {
    let Viewed { is_read, is_own } = viewed;
    // a String never fails to be written to
    let _ = write!(out, ",\"is_read\":{is_read},\"is_own\":{is_own}");
    match &message.client_id {
        Some(client_id) if is_own => {
            let _ = write!(out, ",\"client_id\":{}", Value::String(client_id.clone()));
        }
        _ => out.push_str(",\"client_id\":null"),
    }
}

/// The data of the deleted form (contract, 15.3), with the positions that resuming needs.
pub fn deleted_object(message: &Message) -> Value {
    json!({"id": message.id, "thread": message.thread, "deleted": true, "seq": message.seq, "rev": message.rev})
}

/// What a thread is, apart from anybody's seat.
#[derive(Clone, Debug, PartialEq)]
pub struct ThreadHead {
    /// Its number.
    pub id: ThreadId,
    /// Its type.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// When it was made.
    pub created: super::Micros,
    /// When a message in it was last saved.
    pub updated: super::Micros,
    /// The last position.
    pub seq: super::Seq,
    /// The last revision.
    pub rev: super::Rev,
    /// The revision that last changed title or roster. Not on the wire.
    pub changed_rev: super::Rev,
}

#[derive(Serialize)]
struct ThreadShared<'a> {
    id: ThreadId,
    r#type: &'a str,
    title: &'a str,
    created: String,
    updated: String,
    seq: Seq,
    rev: Rev,
    users_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    users_data: Option<Vec<AccountView>>,
}

/// The members of a thread object that every member sees alike, without braces.
pub fn thread_shared(head: &ThreadHead, roster: &Roster, look: &Look, with_users: bool) -> String {
    let users = || roster.iter().map(|member| AccountView::of(&member.account, &look.placeholder)).collect();
    without_braces(&ThreadShared {
        id: head.id,
        r#type: &head.kind,
        title: &head.title,
        created: time::format(head.created),
        updated: time::format(head.updated),
        seq: head.seq,
        rev: head.rev,
        users_count: roster.len(),
        users_data: with_users.then(users),
    })
}

#[derive(Serialize)]
struct SeatOwn<'a> {
    permissions: i32,
    notifications: i32,
    schema: Option<i64>,
    state: &'a str,
    question: Option<i64>,
    on_finish: &'a str,
    initial_question: Option<i64>,
    repeat_until: Option<String>,
    frequency_unit: Option<&'a str>,
    frequency_value: Option<i64>,
    next_restart: Option<String>,
    automated_sender: Option<AccountId>,
    question_data: Option<Value>,
    related_message: Option<MessageId>,
    progress: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variables_pool: Option<&'a Map<String, Value>>,
}

/// Where a seat stands, as it is shown: its schema, and the language that its member is spoken to in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown<'a> {
    /// The seat's schema.
    pub schema: Option<&'a Schema>,
    /// The member's language.
    pub language: Option<&'a str>,
    /// The member, whom the question speaks to.
    pub account: Option<&'a Account>,
}

/// The current question of a seat as its member sees it (contract, 13.2).
pub fn question_data(seat: &Seat, shown: Shown<'_>, look: &Look) -> Option<Value> {
    let schema = shown.schema?;
    let question = schema.question(seat.script.question?)?.in_language(shown.language);
    if !question.text.contains("{{") {
        return Some(wire::question(schema.id, &question, look));
    }
    // what was answered is not at hand here; the question's message has it
    let speaker = Speaker { user: shown.account, escape: look.escape, ..Speaker::NOBODY };
    let mut spoken = question.into_owned();
    spoken.text = template::render(&spoken.text, &speaker, &seat.script.variables);
    Some(wire::question(schema.id, &spoken, look))
}

/// Where a member stands, for those who control others: `member_updated`, and the script of a member over REST.
pub fn script_of_member(seat: &Seat, schema: Option<&Schema>) -> Value {
    json!({
        "thread": seat.thread,
        "user": seat.account,
        "permissions": seat.permissions.bits(),
        "state": seat.mode.as_str(),
        "schema": seat.script.schema,
        "schema_name": schema.map(|schema| &schema.name),
        "question": seat.script.question,
        "on_finish": seat.script.on_finish.as_str(),
        "automated_sender": seat.script.automated_sender,
        "variables_pool": seat.script.variables,
        "progress": schema.and_then(|schema| schema.progress(seat.script.question?)),
        "rev": seat.rev,
    })
}

/// The members of a thread object that are the seat's own, without braces; `unread`, `read_upto` and
/// `last_message_data` follow apart, since they change with every message.
pub fn seat_own(seat: &Seat, shown: Shown<'_>, look: &Look, with_pool: bool) -> String {
    without_braces(&SeatOwn {
        permissions: seat.permissions.bits(),
        notifications: seat.notifications.bits(),
        schema: seat.script.schema,
        state: seat.mode.as_str(),
        question: seat.script.question,
        on_finish: seat.script.on_finish.as_str(),
        initial_question: seat.script.initial_question,
        repeat_until: seat.repetition.until.map(time::format),
        frequency_unit: seat.repetition.unit.map(FrequencyUnit::as_str),
        frequency_value: seat.repetition.value,
        next_restart: seat.repetition.next.map(time::format),
        automated_sender: seat.script.automated_sender,
        question_data: question_data(seat, shown, look),
        related_message: seat.script.related_message,
        progress: shown.schema.and_then(|schema| schema.progress(seat.script.question?)),
        variables_pool: with_pool.then_some(&seat.script.variables),
    })
}

/// What a member has before them: the last message with their view of it.
pub struct Last<'a> {
    /// The message.
    pub message: &'a Message,
    /// Its shared part.
    pub shared: &'a str,
    /// The viewer's own part.
    pub viewed: Viewed,
}

/// A whole thread object.
pub fn thread_object(shared: &str, own: &str, unread: i64, read_upto: i64, last: Option<&Last>) -> String {
    let mut object = String::with_capacity(shared.len() + own.len() + 96 + last.map_or(0, |last| last.shared.len()));
    push_thread(&mut object, shared, own, unread, read_upto, last);
    object
}

/// Writes a whole thread object to the end of `out`.
pub fn push_thread(out: &mut String, shared: &str, own: &str, unread: i64, read_upto: i64, last: Option<&Last>) {
    let _ = write!(out, "{{{shared},{own},\"unread\":{unread},\"read_upto\":{read_upto},\"last_message_data\":");
    match last {
        Some(last) => {
            let _ = write!(out, "{{{}", last.shared);
            push_viewed(out, last.message, last.viewed);
            out.push_str("}}");
        }
        None => out.push_str("null}"),
    }
}

/// An object that is not empty, without its outer braces.
fn without_braces<T: Serialize>(object: &T) -> String {
    // texts, numbers and JSON values always serialise; an empty object would only lose its members
    let mut written = serde_json::to_string(object).unwrap_or_else(|_| "{}".to_owned());
    written.pop();
    written.remove(0);
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look() -> Look {
        Look { media_base: "http://x/media/".into(), placeholder: "http://x/a.svg".into(), escape: true }
    }

    fn message() -> Message {
        Message {
            id: 7,
            thread: 1,
            seq: 2,
            rev: 3,
            sender: Some(5),
            kind: "message".into(),
            text: "<hi>".into(),
            markup: false,
            meta: None,
            answers: Vec::new(),
            related_question: None,
            predecessor: None,
            run: None,
            client_id: Some("c\"1".into()),
            created: 0,
            updated: 0,
            content: None,
            deleted: false,
            attachments: Vec::new(),
        }
    }

    #[test]
    fn parts_put_together_are_json_and_the_own_part_wins() {
        let message = message();
        let shared = message_shared(&message, None, &look());
        let own: Value =
            serde_json::from_str(&message_object(&shared, &message, Viewed { is_read: true, is_own: true }))
                .expect("JSON");
        assert_eq!(own["text"], "&lt;hi&gt;");
        assert_eq!(own["client_id"], "c\"1");
        let other: Value =
            serde_json::from_str(&message_object(&shared, &message, Viewed { is_read: false, is_own: false }))
                .expect("JSON");
        assert_eq!(other["client_id"], Value::Null);

        let head = ThreadHead {
            id: 1,
            kind: "chat".into(),
            title: String::new(),
            created: 0,
            updated: 0,
            seq: 2,
            rev: 3,
            changed_rev: 0,
        };
        let last = Last { message: &message, shared: &shared, viewed: Viewed { is_read: false, is_own: false } };
        let thread = thread_object(
            &thread_shared(&head, &Roster::default(), &look(), true),
            &seat_own(&Seat::watching(1, 9), Shown::default(), &look(), true),
            0,
            0,
            Some(&last),
        );
        let thread: Value = serde_json::from_str(&thread).expect("JSON");
        assert_eq!(thread["permissions"], 17);
        assert_eq!(thread["state"], "closed");
        assert_eq!(thread["variables_pool"], json!({}));
        assert_eq!(thread["last_message_data"]["id"], 7);
    }
}
