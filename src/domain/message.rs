//! A message as it is stored (contract, 3.3), and one about to be.

use serde_json::Value;

use super::attachment::{Attachment, NewAttachment};
use super::content::Content;
use super::script::Applied;
use super::{AccountId, MessageId, Micros, Rev, Seq, ThreadId};

/// The longest `type` of a message, in characters.
pub const MAX_TYPE: usize = 50;
/// The longest `client_id`, in characters.
pub const MAX_CLIENT_ID: usize = 64;

/// A stored message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its number.
    pub id: MessageId,
    /// Its thread.
    pub thread: ThreadId,
    /// Its position in the thread.
    pub seq: Seq,
    /// The last revision that touched it.
    pub rev: Rev,
    /// Who sent it; `None` for the house itself.
    pub sender: Option<AccountId>,
    /// What kind of message it is: free text, `message` by default.
    pub kind: String,
    /// The text as it was sent, trimmed.
    pub text: String,
    /// Whether the text is the house's own and leaves unescaped (automated messages).
    pub markup: bool,
    /// Any JSON.
    pub meta: Option<Value>,
    /// Chosen answers, as posted.
    pub answers: Vec<i64>,
    /// The question it asks or answers.
    pub related_question: Option<i64>,
    /// The question that was current before this automated message.
    pub predecessor: Option<i64>,
    /// Whose run of a script it belongs to: a question asked of them, or their answer.
    pub run: Option<AccountId>,
    /// The sender's own name for it, unique per sender and thread.
    pub client_id: Option<String>,
    /// When it was made.
    pub created: Micros,
    /// When it was last saved.
    pub updated: Micros,
    /// What it says beyond its text.
    pub content: Option<Content>,
    /// Whether it was taken back; nothing of it leaves the house then.
    pub deleted: bool,
    /// What hangs on it.
    pub attachments: Vec<Attachment>,
}

/// A message about to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct NewMessage {
    /// Who sends it.
    pub sender: Option<AccountId>,
    /// Its type.
    pub kind: String,
    /// Its text, trimmed.
    pub text: String,
    /// Whether the text leaves unescaped.
    pub markup: bool,
    /// Any JSON.
    pub meta: Option<Value>,
    /// Chosen answers, as posted.
    pub answers: Vec<i64>,
    /// The question it asks or answers.
    pub related_question: Option<i64>,
    /// The question that was current before this automated message.
    pub predecessor: Option<i64>,
    /// Whose run of a script it belongs to.
    pub run: Option<AccountId>,
    /// What it does to the variables of that run, for its log.
    pub applied: Vec<Applied>,
    /// The sender's own name for it.
    pub client_id: Option<String>,
    /// What hangs on it.
    pub attachments: Vec<NewAttachment>,
    /// What it says beyond its text.
    pub content: Option<Content>,
    /// Whether the thread's bots do not hear of it, as of what they said themselves.
    pub unheard: bool,
}

impl NewMessage {
    /// A plain message of `sender`.
    pub fn plain(sender: AccountId, kind: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            sender: Some(sender),
            kind: kind.into(),
            text: text.into(),
            markup: false,
            meta: None,
            answers: Vec::new(),
            related_question: None,
            predecessor: None,
            run: None,
            applied: Vec::new(),
            client_id: None,
            attachments: Vec::new(),
            content: None,
            unheard: false,
        }
    }
}
