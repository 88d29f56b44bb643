//! What the client is sent, content by content.

use serde_json::{Value, json};

use super::*;
use crate::domain::content::{NoteOn, SystemEntry};

fn look() -> Look {
    Look { media_base: "https://chat.example/media/".into(), placeholder: String::new(), escape: true }
}

fn message(text: &str, content: Option<Content>) -> Message {
    Message {
        id: 7,
        thread: 1,
        seq: 2,
        rev: 3,
        sender: Some(5),
        kind: "message".into(),
        text: text.into(),
        markup: false,
        meta: None,
        answers: Vec::new(),
        related_question: None,
        predecessor: None,
        run: None,
        client_id: None,
        content,
        created: 5_000_000,
        updated: 5_000_000,
        deleted: false,
        attachments: Vec::new(),
    }
}

fn sent(text: &str, content: Option<Content>) -> Vec<Value> {
    let to = Addressee { user: Some("u".into()), channel: Some("socket".into()) };
    objects(&message(text, content), &to, Trust::Person, &look())
}

fn option(id: &str, label: &str) -> ChoiceOption {
    ChoiceOption { id: id.into(), label: label.into(), ..ChoiceOption::default() }
}

#[test]
fn a_plain_reply_says_whom_it_answers() {
    let expected =
        json!({"type": "message", "text": "hi", "user": "u", "to": "u", "channel": "socket", "sent_timestamp": 5_000});
    assert_eq!(sent("hi", None), [expected]);
    let nobody = objects(&message("hi", None), &Addressee::default(), Trust::Person, &look());
    assert_eq!(nobody, [json!({"type": "message", "text": "hi", "sent_timestamp": 5_000})]);
}

#[test]
fn options_become_quick_replies_with_harmless_titles() {
    let options = vec![option("red", "<b>Red</b>"), option("blue", "Blue")];
    let choice = Choice { element: "bubbles".into(), options, ..Choice::default() };
    let [object] = sent("Which?", Some(Content::Choice(choice))).try_into().expect("one");
    let object: Value = object;
    assert_eq!(object["quick_replies"][0], json!({"title": "&#60;b&#62;Red&#60;/b&#62;", "payload": "red"}));
    assert_eq!(object["text"], "Which?");
}

#[test]
fn each_link_is_a_button_of_its_own() {
    let link = |label: &str, link: &str| Link { label: label.into(), link: link.into() };
    let buttons = vec![link("Returns", "https://a.example/r"), link("Evil", "javascript:x")];
    let objects = sent("Two pages:", Some(Content::Links { buttons }));
    assert_eq!(objects.len(), 2);
    assert_eq!((&objects[0]["text"], &objects[0]["open_link"]), (&json!("Two pages:"), &json!("https://a.example/r")));
    assert_eq!(objects[1].get("open_link"), None);
}

#[test]
fn what_only_staff_or_the_house_says_is_not_sent() {
    for content in [
        Content::System(SystemEntry::BotLeft),
        Content::Note { on: NoteOn::Conversation },
        Content::Pick { choice: 1, option: "x".into() },
    ] {
        assert!(sent("something", Some(content)).is_empty());
    }
    assert!(sent("", None).is_empty(), "no empty bubbles");
}

#[test]
fn custom_fields_pass_and_inner_names_do_not() {
    let custom = |custom: Value| sent("text", Some(Content::Custom { custom }));
    let [object] = custom(json!({"colour": {"deep": 1}, "user": "other", "html": "<b>x</b>"})).try_into().expect("one");
    let object: Value = object;
    assert_eq!((&object["colour"], &object["user"]), (&json!({"deep": 1}), &json!("u")));
    assert_eq!(object.get("html"), None);
    assert!(custom(json!({"type": "disconnected"})).is_empty());
    assert!(custom(json!({"type": "webhook_error"})).is_empty());
    assert_eq!(custom(json!({"type": "confetti"}))[0]["type"], "confetti");
}

#[test]
fn history_has_texts_and_nothing_else() {
    let own = history_entry(&message("<i>", None), true, Trust::Author).expect("an entry");
    assert_eq!(own, json!({"type": "message_received", "text": "&#60;i&#62;", "sent_timestamp": 5_000}));
    assert_eq!(history_entry(&message("", None), false, Trust::Person), None);
}
