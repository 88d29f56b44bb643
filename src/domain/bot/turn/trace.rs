//! Why a turn went as it did: for each handler why it did (not) match, the call, and the states. Feeds a test console.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::bot::pattern::Groups;

/// The story of one turn. Secrets are masked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// Each handler, in the order in which they are tried.
    pub tried: Vec<Tried>,
    /// What was chosen: `handler`, `slot`, `fallback`, `restart` …
    pub chosen: String,
    /// The call as it was rendered.
    pub request: Option<Value>,
    /// What the app answered.
    pub response: Option<Value>,
    /// The name of the state before.
    pub from_state: Option<String>,
    /// The name of the state afterwards.
    pub to_state: Option<String>,
}

/// One handler.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// Its id.
    pub handler: String,
    /// Its name.
    pub name: String,
    /// Why it did or did not match.
    pub why: Why,
    /// The named groups, if it matched or would have.
    pub groups: Option<Groups>,
}

/// Why a handler did or did not match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It handles the message.
    Matched,
    /// It is disabled.
    Disabled,
    /// It is bound to other states.
    OtherState,
    /// Its pattern is not in the text.
    NotFound,
    /// Its pattern does not compile.
    Broken(String),
    /// It would match, but an earlier one did.
    Shadowed,
    /// It was not looked at: something else came first.
    NotTried,
}
