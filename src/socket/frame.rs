//! Frames as clients send them, and the answers they get (design, part 6).

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::actors::conversations::door::Declined;
use crate::actors::{Outbox, Outgoing, text_frame};
use crate::domain::{MessageId, Refusal, Rev, Seq, ThreadId};

/// Threads that one `resume` may name.
pub(super) const MAX_RESUMED: usize = 1_000;

/// A frame's outer form.
#[derive(Deserialize)]
struct Envelope {
    message: String,
    #[serde(default)]
    data: Value,
    id: Option<Value>,
}

/// A command of the client, understood.
#[derive(Debug, PartialEq)]
pub(super) enum Command {
    Send { thread: ThreadId, body: Map<String, Value> },
    Writing { thread: ThreadId, length: i64 },
    ReadMessage(MessageId),
    Pick { thread: ThreadId, message: MessageId, option: String },
    ReadUpto { thread: ThreadId, upto: Seq },
    Resume { log: String, threads: BTreeMap<ThreadId, Rev> },
    Subscribe(ThreadId),
    Unsubscribe,
    Ping,
}

/// A command, and the client's own name for it, which the answer carries.
#[derive(Debug, PartialEq)]
pub(super) struct Incoming {
    pub command: Command,
    pub id: Option<Value>,
}

/// A frame that is no command: with an `id` it gets an error, without one it is ignored (contract, 15.2).
#[derive(Debug, PartialEq)]
pub(super) struct Odd {
    pub id: Option<Value>,
    pub code: &'static str,
    pub detail: String,
}

/// Understands a text frame.
pub(super) fn parse(text: &str) -> Result<Incoming, Odd> {
    let envelope: Envelope = serde_json::from_str(text).map_err(|error| Odd {
        id: None,
        code: "bad_frame",
        detail: format!("A frame is {{\"message\": command, \"data\": {{…}}, \"id\": optional}}: {error}."),
    })?;
    let Envelope { message, data, id } = envelope;
    let bad = |id: Option<Value>, detail: &str| Odd { id, code: "bad_frame", detail: detail.to_owned() };
    let data = match data {
        Value::Object(data) => data,
        // what is no object has none of the fields that a command needs
        _ => Map::new(),
    };
    let number = |name: &str| data.get(name).and_then(Value::as_i64);
    let command = match message.as_str() {
        "send_message" => number("thread").map(|thread| Command::Send { thread, body: data.clone() }),
        "thread_someone_is_writing" => match (number("thread"), number("length")) {
            (Some(thread), Some(length)) => Some(Command::Writing { thread, length }),
            _ => None,
        },
        "mark_message_as_read" => match (number("message"), number("thread"), number("upto")) {
            (Some(message), _, _) => Some(Command::ReadMessage(message)),
            (None, Some(thread), Some(upto)) => Some(Command::ReadUpto { thread, upto }),
            _ => None,
        },
        "pick_option" => match (number("thread"), number("message"), data.get("option").and_then(Value::as_str)) {
            (Some(thread), Some(message), Some(option)) => {
                Some(Command::Pick { thread, message, option: option.to_owned() })
            }
            _ => None,
        },
        "resume" => resume(&data),
        "subscribe" => number("thread").map(Command::Subscribe),
        "unsubscribe" => Some(Command::Unsubscribe),
        "ping" => Some(Command::Ping),
        _ => {
            let detail = format!("There is no command \"{message}\".");
            return Err(Odd { id, code: "unknown_command", detail });
        }
    };
    match command {
        Some(command) => Ok(Incoming { command, id }),
        None => Err(bad(id, "`data` lacks what this command needs; see /docs/websocket.")),
    }
}

fn resume(data: &Map<String, Value>) -> Option<Command> {
    let log = data.get("log").and_then(Value::as_str).unwrap_or_default().to_owned();
    let named = data.get("threads")?.as_object()?;
    if named.len() > MAX_RESUMED {
        return None;
    }
    let threads: Option<BTreeMap<ThreadId, Rev>> =
        named.iter().map(|(thread, rev)| Some((thread.parse().ok()?, rev.as_i64()?))).collect();
    Some(Command::Resume { log, threads: threads? })
}

/// An answer with the client's `id`, if it gave one. `message` comes first, so that a client may look at the head only.
fn answer(message: &str, id: Option<&Value>, data: &Value) -> Bytes {
    let id = id.map(|id| format!(",\"id\":{id}")).unwrap_or_default();
    text_frame(&format!("{{\"message\":\"{message}\",\"data\":{data}{id}}}"))
}

/// `ack`.
pub(super) fn ack(id: Option<&Value>, data: &Value) -> Bytes {
    answer("ack", id, data)
}

/// `ack` of a message; the message object is written already.
pub(super) fn ack_message(id: Option<&Value>, object: &str) -> Bytes {
    let id = id.map(|id| format!(",\"id\":{id}")).unwrap_or_default();
    text_frame(&format!("{{\"message\":\"ack\",\"data\":{{\"message\":{object}}}{id}}}"))
}

/// `error`.
pub(super) fn error(id: Option<&Value>, code: &str, detail: &str, fields: Value) -> Bytes {
    answer("error", id, &json!({"code": code, "detail": detail, "fields": fields}))
}

/// `error` for a refusal.
pub(super) fn refused(id: Option<&Value>, refusal: &Refusal) -> Bytes {
    let fields = match refusal {
        Refusal::Invalid(errors) => serde_json::to_value(errors).unwrap_or_default(),
        _ => json!({}),
    };
    let mut data = json!({"code": refusal.code(), "detail": refusal.detail(), "fields": fields});
    if let (Refusal::Busy { retry_after }, Some(object)) = (refusal, data.as_object_mut()) {
        object.insert("retry_after".into(), json!(retry_after));
    }
    answer("error", id, &data)
}

/// The answer to a pick; without an `id` nothing is told.
pub(super) fn answer_pick(outbox: &Outbox, id: Option<&Value>, answer: Result<(), Declined>) {
    if id.is_none() {
        return;
    }
    let bytes = match answer {
        Ok(()) => ack(id, &json!({})),
        Err(Declined::Other(refusal)) => refused(id, &refusal),
        Err(why) => error(id, why.code(), why.detail(), json!({})),
    };
    outbox.push([Outgoing::plain(bytes)]);
}

/// `pong`.
pub(super) fn pong(id: Option<&Value>) -> Bytes {
    answer("pong", id, &json!({}))
}

/// `resync` for one thread.
pub(super) fn resync(thread: ThreadId, reason: &str) -> Bytes {
    answer("resync", None, &json!({"thread": thread, "reason": reason}))
}

/// `resumed`, with the revisions that the client knows now.
pub(super) fn resumed(id: Option<&Value>, log: &str, threads: &BTreeMap<ThreadId, Rev>) -> Bytes {
    answer("resumed", id, &json!({"log": log, "threads": threads}))
}

/// `goodbye`.
pub(super) fn goodbye(reason: &str, retry_after: u32) -> Bytes {
    answer("goodbye", None, &json!({"reason": reason, "retry_after": retry_after}))
}

/// A close frame (RFC 6455, 5.5.1).
pub(super) fn close(code: u16, reason: &str) -> Bytes {
    let reason = reason.as_bytes().get(..reason.len().min(120)).unwrap_or_default();
    let length = u8::try_from(reason.len() + 2).unwrap_or(2);
    let mut frame = vec![0x88, length];
    frame.extend(code.to_be_bytes());
    frame.extend(reason);
    frame.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commands_are_understood() {
        let table = [
            (r#"{"message":"ping"}"#, Command::Ping),
            (
                r#"{"message":"thread_someone_is_writing","data":{"thread":1,"length":900}}"#,
                Command::Writing { thread: 1, length: 900 },
            ),
            (r#"{"message":"mark_message_as_read","data":{"message":7}}"#, Command::ReadMessage(7)),
            (
                r#"{"message":"mark_message_as_read","data":{"thread":1,"upto":5}}"#,
                Command::ReadUpto { thread: 1, upto: 5 },
            ),
            (
                r#"{"message":"resume","data":{"log":"x","threads":{"3":9}}}"#,
                Command::Resume { log: "x".into(), threads: BTreeMap::from([(3, 9)]) },
            ),
            (r#"{"message":"subscribe","data":{"thread":4}}"#, Command::Subscribe(4)),
            (r#"{"message":"unsubscribe","data":{}}"#, Command::Unsubscribe),
        ];
        for (text, command) in table {
            assert_eq!(parse(text), Ok(Incoming { command, id: None }), "{text}");
        }
    }

    #[test]
    fn odd_frames_say_what_is_odd_and_keep_the_id() {
        let table = [
            ("nonsense", None, "bad_frame"),
            (r#"{"message":"dance","id":1}"#, Some(json!(1)), "unknown_command"),
            (r#"{"message":"send_message","id":"a","data":{}}"#, Some(json!("a")), "bad_frame"),
            (r#"{"message":"subscribe","id":2,"data":[]}"#, Some(json!(2)), "bad_frame"),
            (r#"{"message":"resume","id":3,"data":{"threads":{"x":1}}}"#, Some(json!(3)), "bad_frame"),
        ];
        for (text, id, code) in table {
            let odd = parse(text).expect_err("odd");
            assert_eq!((odd.id, odd.code), (id, code), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,200}") {
            let _ = parse(&text);
        }

        #[test]
        fn no_json_makes_the_parser_panic(
            name in proptest::sample::select(super::super::COMMANDS.to_vec()),
            data in "[\\[\\]{}\":,0-9a-z ]{0,60}",
        ) {
            let _ = parse(&format!("{{\"message\":\"{name}\",\"data\":{data}}}"));
        }
    }
}
