//! What a webhook call says: the `info` object and the packet (contract, 7 to 9).

use serde_json::{Value, json};

use super::state::Conversation;
use super::step::Call;
use super::world::World;

impl Call {
    /// The body, as it is sent.
    pub fn body(&self) -> Value {
        json!({"info": self.info, "packet": {"name": self.name, "payload": self.payload}})
    }
}

/// The `info` object as it is now (contract, 8). Its `conversation.url` is a path; the caller puts its own address before it.
pub fn info(_state: &Conversation, _world: &World) -> Value {
    json!({})
}
