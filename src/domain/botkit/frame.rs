//! What the client sends (botkit contract, 3 and 4).

use serde_json::{Map, Value};

/// The longest label of a visitor, in characters.
const MAX_LABEL: usize = 255;
/// The longest name of a custom event or a script.
const MAX_NAME: usize = 64;

/// What an object from the client is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The visitor says something.
    Message,
    /// A socket opened: `hello`, `welcome_back`; `reconnect` is taken for one.
    Connect,
    /// The page says who the visitor is.
    Identify,
    /// The page asks for a script.
    Trigger {
        /// Its name.
        script: String,
    },
    /// Something of the page's own, which nobody here listens to.
    Custom,
}

/// Why an object is not taken; over a socket it is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is neither an object nor an empty list.
    NoObject,
    /// `text` is no text.
    Text,
    /// `user` is no text.
    User,
}

/// An object from the client.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// What it is about.
    pub kind: Kind,
    /// The label under which the visitor speaks.
    pub user: Option<String>,
    /// Copied into replies.
    pub channel: Option<String>,
    /// What they say, trimmed.
    pub text: String,
    /// What the page says of them.
    pub profile: Option<Map<String, Value>>,
}

impl Frame {
    /// Reads what the client sent. An empty list counts as an empty object, as in Botkit.
    pub fn read(sent: &Value) -> Result<Frame, Unfit> {
        let empty = Map::new();
        let object = match sent {
            Value::Object(object) => object,
            Value::Array(list) if list.is_empty() => &empty,
            _ => return Err(Unfit::NoObject),
        };
        let text = match object.get("text") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(_) => return Err(Unfit::Text),
        };
        let user = match object.get("user") {
            None | Some(Value::Null) => None,
            Some(Value::String(user)) => Some(user.chars().take(MAX_LABEL).collect()),
            Some(_) => return Err(Unfit::User),
        };
        let channel = object.get("channel").and_then(Value::as_str).map(|channel| channel.chars().take(32).collect());
        let profile = object.get("user_profile").and_then(Value::as_object).cloned();
        Ok(Frame { kind: kind(object), user, channel, text, profile })
    }

    /// The id that the host page gave the visitor, if it gave one.
    pub fn host_id(&self) -> Option<String> {
        match self.profile.as_ref()?.get("id")? {
            Value::String(id) if !id.is_empty() && id.chars().count() <= MAX_LABEL => Some(id.clone()),
            Value::Number(id) => Some(id.to_string()),
            _ => None,
        }
    }

    /// What proves that id, if anything does.
    pub fn proof(&self) -> Option<&str> {
        self.profile.as_ref()?.get("token")?.as_str().filter(|token| !token.is_empty())
    }

    /// What the page calls the visitor; for showing only.
    pub fn name(&self) -> Option<String> {
        let profile = self.profile.as_ref()?;
        let text = |key: &str| profile.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        let joined = || {
            let both: Vec<&str> = ["first_name", "last_name"].into_iter().filter_map(text).collect();
            (!both.is_empty()).then(|| both.join(" "))
        };
        let name = text("name").or_else(|| text("full_name")).map(str::to_owned).or_else(joined)?;
        Some(name.chars().take(150).collect())
    }
}

/// Types are a fixed list; all others are the page's own, and never one of ours.
fn kind(object: &Map<String, Value>) -> Kind {
    let named = |key: &str| object.get(key).and_then(Value::as_str).filter(|name| name.chars().count() <= MAX_NAME);
    match object.get("type") {
        None | Some(Value::Null) => Kind::Message,
        Some(Value::String(kind)) => match kind.as_str() {
            "" | "message" | "message_received" => Kind::Message,
            "hello" | "welcome_back" | "reconnect" => Kind::Connect,
            "identify" => Kind::Identify,
            "trigger" => match named("script") {
                Some(script) if !script.is_empty() => Kind::Trigger { script: script.to_owned() },
                _ => Kind::Custom,
            },
            _ => Kind::Custom,
        },
        Some(_) => Kind::Custom,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_are_a_fixed_list() {
        let trigger = Kind::Trigger { script: "tour".into() };
        let table = [
            (json!({"text": "hi"}), Kind::Message),
            (json!([]), Kind::Message),
            (json!({"type": "", "text": "hi"}), Kind::Message),
            (json!({"type": "message_received"}), Kind::Message),
            (json!({"type": "hello", "user": "a"}), Kind::Connect),
            (json!({"type": "reconnect"}), Kind::Connect),
            (json!({"type": "identify"}), Kind::Identify),
            (json!({"type": "trigger", "script": "tour", "thread": "default"}), trigger),
            (json!({"type": "trigger"}), Kind::Custom),
            (json!({"type": "constructor"}), Kind::Custom),
            (json!({"type": "__proto__"}), Kind::Custom),
            (json!({"type": 7}), Kind::Custom),
        ];
        for (sent, expected) in table {
            assert_eq!(Frame::read(&sent).expect("an object").kind, expected, "{sent}");
        }
    }

    #[test]
    fn what_is_no_frame_is_said_to_be_none() {
        for sent in [json!(null), json!("x"), json!(7), json!([1])] {
            assert_eq!(Frame::read(&sent), Err(Unfit::NoObject), "{sent}");
        }
        assert_eq!(Frame::read(&json!({"text": {}})), Err(Unfit::Text));
        assert_eq!(Frame::read(&json!({"user": ["x"]})), Err(Unfit::User));
    }

    #[test]
    fn a_page_tells_who_the_visitor_is() {
        let sent =
            json!({"user": "r4nd", "user_profile": {"id": 7, "first_name": "Ana", "last_name": "B", "token": "t"}});
        let frame = Frame::read(&sent).expect("an object");
        assert_eq!(frame.host_id().as_deref(), Some("7"));
        assert_eq!(frame.proof(), Some("t"));
        assert_eq!(frame.name().as_deref(), Some("Ana B"));
    }
}
