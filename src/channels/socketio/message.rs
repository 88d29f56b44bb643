//! Socket.IO packets, which travel inside Engine.IO's messages (channels contract, 5.3). Pure.

use serde_json::Value;

use super::engine::{Broken, Version};

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Connect,
    Disconnect,
    Event,
    Ack,
    /// A binary event or acknowledgement, with so many attachments behind it.
    Binary(usize),
}

/// A packet.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Message {
    pub kind: Kind,
    /// Where: `/` by default.
    pub namespace: String,
    /// What stands behind the namespace's question mark.
    pub query: String,
    /// The number under which an acknowledgement is asked.
    pub id: Option<u64>,
    pub data: Option<Value>,
}

/// The most attachments of one packet, and the longest namespace.
const MAX_ATTACHMENTS: usize = 64;
const MAX_NAMESPACE: usize = 200;

/// Reads a packet.
pub(super) fn read(text: &str) -> Result<Message, Broken> {
    let mut characters = text.chars();
    let digit = characters.next().ok_or(Broken)?;
    let mut rest = characters.as_str();
    let kind = match digit {
        '0' => Kind::Connect,
        '1' => Kind::Disconnect,
        '2' => Kind::Event,
        '3' => Kind::Ack,
        '5' | '6' => {
            let (count, after) = rest.split_once('-').ok_or(Broken)?;
            rest = after;
            let count = digits(count).and_then(|count| usize::try_from(count).ok());
            Kind::Binary(count.filter(|count| *count <= MAX_ATTACHMENTS).ok_or(Broken)?)
        }
        _ => return Err(Broken),
    };
    let mut place = "/";
    if rest.starts_with('/') {
        (place, rest) = rest.split_once(',').unwrap_or((rest, ""));
    }
    let (namespace, query) = place.split_once('?').unwrap_or((place, ""));
    if namespace.len() > MAX_NAMESPACE {
        return Err(Broken);
    }
    let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
    let (number, json) = rest.split_at_checked(end).ok_or(Broken)?;
    let id = if number.is_empty() { None } else { Some(digits(number).ok_or(Broken)?) };
    let data = if json.is_empty() { None } else { Some(serde_json::from_str(json).map_err(|_| Broken)?) };
    Ok(Message { kind, namespace: namespace.to_owned(), query: query.to_owned(), id, data })
}

fn digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// The name and the first value of an event.
pub(super) fn event(data: Option<&Value>) -> Result<(&str, Option<&Value>), Broken> {
    let list = data.and_then(Value::as_array).ok_or(Broken)?;
    let name = list.first().and_then(Value::as_str).ok_or(Broken)?;
    Ok((name, list.get(1)))
}

/// The namespace as it stands in a packet.
fn at(namespace: &str) -> String {
    if namespace == "/" { String::new() } else { format!("{namespace},") }
}

/// An event.
pub(super) fn emit(namespace: &str, name: &str, data: &Value) -> String {
    format!("42{}{}", at(namespace), Value::from(vec![Value::from(name), data.clone()]))
}

/// The answer to an event that asked for one.
pub(super) fn ack(namespace: &str, id: u64) -> String {
    format!("43{}{id}[]", at(namespace))
}

/// Somebody has joined: the fourth generation is told their id.
pub(super) fn joined(version: Version, namespace: &str, sid: &str) -> String {
    match version {
        // the third says the bare namespace, with a comma if there is one
        Version::Three => format!("40{}", at(namespace)),
        Version::Four => format!("40{}{}", at(namespace), serde_json::json!({"sid": sid})),
    }
}

/// Somebody may not join.
pub(super) fn refused(version: Version, namespace: &str, why: &str) -> String {
    let told = match version {
        Version::Three => Value::from(why),
        Version::Four => serde_json::json!({"message": why}),
    };
    format!("44{}{told}", at(namespace))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn packets_are_read_with_all_their_parts() {
        let read = |text: &str| read(text).unwrap_or_else(|_| panic!("{text}"));
        let event = read(r#"2/chat,17["user_uttered",{"message":"x"}]"#);
        assert_eq!((event.kind, event.namespace.as_str(), event.id), (Kind::Event, "/chat", Some(17)));
        assert_eq!(super::event(event.data.as_ref()), Ok(("user_uttered", Some(&json!({"message": "x"})))));
        let connect = read("0/chat?language=en,");
        assert_eq!((connect.namespace.as_str(), connect.query.as_str()), ("/chat", "language=en"));
        assert_eq!(read(r#"0{"token":"t"}"#).data, Some(json!({"token": "t"})));
        assert_eq!(read("1/chat").namespace, "/chat");
        assert_eq!(read(r#"51-/chat,["x",{"_placeholder":true,"num":0}]"#).kind, Kind::Binary(1));
    }

    #[test]
    fn broken_packets_are_refused() {
        for text in ["", "9", "4", r#"2["#, "5[]", "5999-[]", "2nope", "7[]", "299999999999999999999999[]"] {
            assert_eq!(read(text), Err(Broken), "{text}");
        }
        for data in [json!(null), json!({}), json!([]), json!([1])] {
            assert_eq!(event(Some(&data)), Err(Broken), "{data}");
        }
    }

    proptest! {
        #[test]
        fn random_packets_never_panic(text in any::<String>(), more in "[0-7][0-9-]{0,4}/?[a-z?]{0,4},?[0-9]{0,3}.{0,9}") {
            let _ = read(&text).map(|message| event(message.data.as_ref()).is_ok());
            let _ = read(&more).map(|message| event(message.data.as_ref()).is_ok());
        }
    }
}
