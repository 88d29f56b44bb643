//! What is kept of a conversation when a step of it is committed: the record that goes with the messages and jobs of the
//! same [`Decision`](super::Decision), so that all of it is true at once or not at all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::conversation::state::Conversation;
use super::conversation::world::{Assignee, ContactPatch};
use super::{AccountId, Micros, Rev, Seq};

/// A conversation as it is to be kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Held {
    /// The revision that the step was based on; another one at the commit is a clash.
    pub expect: Rev,
    /// The state after the step.
    pub state: Conversation,
    /// Up to which position people were heard; `None`: as before.
    pub heard: Option<Seq>,
    /// When time must be told next; `None`: never.
    pub wake: Option<Micros>,
    /// The person on the other side.
    pub contact: AccountId,
    /// What changes in them, in order.
    pub patches: Vec<ContactPatch>,
    /// Who was given the conversation.
    pub given: Vec<Assignee>,
    /// Whether they were chosen for their free slots, which must be free still at the commit.
    pub routed: bool,
    /// Sessions that began: name and bot.
    pub began: Vec<(String, AccountId)>,
    /// Sessions that are over.
    pub over: Vec<String>,
    /// What went out after the end.
    pub dispatched: Vec<String>,
    /// Files that were fetched for events that wait; `None`: as before.
    pub files: Option<BTreeMap<String, FetchedFile>>,
}

/// A file of a bot's that was fetched and stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchedFile {
    /// Its media type, as its bytes say.
    pub mime_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// What to call it.
    pub name: String,
    /// Where it is kept; none if it is of no kind that is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Its small picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<String>,
}
