//! What was said on the way from state to state (bots contract, 5.4): a JSON object, bounded.

use serde_json::{Map, Value, json};

/// Bytes of a chat's whole state context at most; the oldest keys go first (B59).
pub const MAX_CONTEXT: usize = 64 * 1024;
/// Bytes of `response.data` at most; larger data is left out.
pub const MAX_DATA: usize = 16 * 1024;

/// The key under which a state's entry stands: lower case, spaces as underscores; `_start` without a state.
pub fn key(state: Option<&str>) -> String {
    state.map_or_else(|| "_start".to_owned(), |name| name.to_lowercase().replace(' ', "_"))
}

/// Whether two states of one bot would share a key, so that the second is to be refused (B60).
pub fn share_key(one: &str, other: &str) -> bool {
    key(Some(one)) == key(Some(other))
}

/// Stores what was said under the key of the state that is left – or stayed in (B58). The entry becomes the newest.
pub fn store(context: &mut Map<String, Value>, left: Option<&str>, pattern: &Map<String, Value>, response: &Value) {
    let mut response = response.clone();
    if let Some(data) = response.get_mut("data").filter(|data| data.to_string().len() > MAX_DATA) {
        *data = json!({});
    }
    let key = key(left);
    context.shift_remove(&key);
    context.insert(key, json!({"pattern": pattern, "response": response}));
    let mut size = Value::Object(context.clone()).to_string().len();
    while size > MAX_CONTEXT {
        let Some(oldest) = context.keys().next().cloned() else { break };
        let gone = context.shift_remove(&oldest).map_or(0, |entry| entry.to_string().len());
        size = size.saturating_sub(gone + oldest.len() + 4);
    }
}
