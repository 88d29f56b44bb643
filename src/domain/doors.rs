//! Somebody who comes in through a door of another protocol: who they are there, and where they are here.

use serde_json::Value;

use super::{Account, AccountId, Seq, ThreadId};

/// Somebody comes in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arrival {
    /// The door: a connector's name, with whatever keeps its accounts apart. No two doors share ids.
    pub door: String,
    /// The door's name for the conversation.
    pub conversation: String,
    /// The door's name for the person.
    pub sender: String,
    /// What they are called there, for showing only.
    pub first_name: String,
    /// The rest of it.
    pub last_name: String,
    /// The code of their language, if known.
    pub language: Option<String>,
    /// The type of a new thread.
    pub kind: String,
    /// The account, where somebody proved who they are; otherwise the door's own person.
    pub account: Option<AccountId>,
    /// The widget through which somebody is found for a new conversation.
    pub widget: Option<i64>,
    /// Bots that are in a new thread from the beginning.
    pub bots: Vec<AccountId>,
    /// Whether those at the desk do not join a new thread: its conversation is given to whoever is to hold it.
    pub alone: bool,
    /// Whatever the door needs to answer here; kept with a new conversation.
    pub data: Value,
    /// Whether what is said to the person is carried out by jobs.
    pub durable: bool,
}

impl Arrival {
    /// The person's name among all accounts.
    pub fn external_id(&self) -> String {
        format!("door:{}:{}", self.door, self.sender)
    }
}

/// Where somebody is who came in.
#[derive(Clone, Debug)]
pub struct Place {
    /// The thread of the conversation.
    pub thread: ThreadId,
    /// The person's account.
    pub account: Account,
    /// Everything up to here was handed on to them.
    pub delivered: Seq,
    /// Whether their conversation began just now.
    pub is_new: bool,
}
