//! What a command does to the house: changes that are decided, events that are true once they are committed.

use std::sync::Arc;

use serde_json::Value;

use super::attachment::{AttachmentEdit, NewAttachment};
use super::content::Content;
use super::held::Held;
use super::message::NewMessage;
use super::unread::Spans;
use super::{Account, AccountId, AttachmentId, Message, MessageId, ReadState, Rev, Seat, Seq};

/// One thing to be stored.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A new message at the end of the thread.
    CreateMessage(Box<NewMessage>),
    /// New text or meta; `None` leaves it as it is.
    EditMessage {
        /// Which.
        id: MessageId,
        /// The new text, trimmed.
        text: Option<String>,
        /// The new meta.
        meta: Option<Value>,
        /// The new content.
        content: Option<Box<Content>>,
    },
    /// A message is taken back, with its attachments.
    DeleteMessage {
        /// Which.
        id: MessageId,
    },
    /// The thread has another title.
    Retitle(String),
    /// A seat as it is to be; made if the member is new. The store gives it its revision.
    PutSeat(Box<Seat>),
    /// A question is asked of a member: the message is made, and the member's seat stands at it, the message being its
    /// related one. The seat is told along with the message.
    Ask {
        /// What is said.
        message: Box<NewMessage>,
        /// The seat as it is then.
        seat: Box<Seat>,
        /// When the member is to be reminded, if they have not answered by then.
        remind: Option<super::Micros>,
    },
    /// A seat moves on in its script, between or after messages of the same decision.
    MoveSeat {
        /// The seat as it is then.
        seat: Box<Seat>,
        /// Whether its related message is the last one asked in this decision.
        at_last_ask: bool,
        /// Whether nobody needs to be told apart, since a message before or after it tells the same.
        quiet: bool,
    },
    /// A control question was confirmed, which leaves no message; a repeat is known by its name.
    Confirm {
        /// Who.
        account: AccountId,
        /// The member's own name for it.
        client_id: Option<String>,
        /// Files that came along and are not kept.
        files: Vec<String>,
    },
    /// A member stands at a question again that was asked before, and is to be reminded of it.
    Remind {
        /// Who.
        account: AccountId,
        /// The question's message.
        message: MessageId,
        /// When, if they have not answered by then.
        due: super::Micros,
    },
    /// Something that must be carried out after the commit, by whoever knows the kind.
    Owe(Owed),
    /// What became of the conversation that the thread is.
    Hold(Box<Held>),
    /// The log of a member's variables begins anew.
    ForgetVariables(AccountId),
    /// The member leaves. When nobody is left, the thread goes too.
    RemoveSeat(AccountId),
    /// Something is hung on a message.
    AddAttachment {
        /// The message.
        message: MessageId,
        /// What.
        attachment: Box<NewAttachment>,
    },
    /// An attachment is changed.
    EditAttachment {
        /// The message it hangs on.
        message: MessageId,
        /// Which.
        id: AttachmentId,
        /// How.
        edit: Box<AttachmentEdit>,
    },
    /// An attachment is taken off.
    RemoveAttachment {
        /// The message it hangs on.
        message: MessageId,
        /// Which.
        id: AttachmentId,
    },
    /// The member has read these. Moves no revision.
    MarkRead {
        /// Who.
        account: AccountId,
        /// What.
        seqs: Spans,
        /// Everything up to here is read, own or deleted, as far as the seat knows.
        upto: Seq,
    },
}

/// A job that a decision leaves behind.
#[derive(Clone, Debug, PartialEq)]
pub struct Owed {
    /// What is to be done.
    pub kind: &'static str,
    /// Jobs of one recipient are carried out in the order in which they were written.
    pub recipient: String,
    /// What it is about.
    pub payload: Value,
    /// When it is due.
    pub due: super::Micros,
}

/// What a seat decided: all of it is committed, or nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// Seats that the decision was based on, with the revision seen; another revision at the commit is a clash.
    pub expect: Vec<(AccountId, Rev)>,
    /// What is to be stored, in this order.
    pub changes: Vec<Change>,
    /// Which of the messages is the command's own.
    pub own: Own,
}

/// Which message of a decision is the one that the command was about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Own {
    /// The first one that is made, changed or found.
    #[default]
    First,
    /// The one that the change at this place makes.
    At(usize),
    /// None: what is said is the script's. The command is answered without a message.
    None,
}

/// One thing that is now true.
#[derive(Clone, Debug)]
pub enum Event {
    /// A message was created, edited, or its attachments changed.
    MessageSaved {
        /// As stored.
        message: Arc<Message>,
        /// Whether it is new.
        created: bool,
    },
    /// The message was there already: the same `client_id` was sent twice. Nothing new is true.
    MessageRepeated {
        /// The first one.
        message: Arc<Message>,
    },
    /// A message was taken back.
    MessageDeleted {
        /// As it was, marked deleted.
        message: Arc<Message>,
    },
    /// The thread has another title.
    Retitled {
        /// The new title.
        title: String,
        /// Since which revision.
        rev: Rev,
    },
    /// A seat was made or changed.
    SeatPut {
        /// As stored.
        seat: Arc<Seat>,
        /// Whose.
        account: Arc<Account>,
        /// Whether the member is new.
        added: bool,
        /// Whether a message of the same commit tells it.
        quiet: bool,
        /// What they have read, tracking switched as the notification bits say.
        reads: ReadState,
    },
    /// A member left.
    SeatRemoved {
        /// Who.
        account: AccountId,
        /// Since which revision.
        rev: Rev,
    },
    /// The last member left, and the thread with them.
    ThreadDeleted,
    /// A member read something.
    ReadMoved {
        /// Who.
        account: AccountId,
        /// The state now.
        reads: ReadState,
        /// The positions read.
        seqs: Spans,
    },
}

/// What one commit made true.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// In the order of the changes.
    pub events: Vec<Event>,
    /// The thread's revision after it.
    pub rev: Rev,
    /// The thread's last position after it.
    pub seq: Seq,
    /// When the thread's messages last moved.
    pub updated: super::Micros,
    /// Files that nothing refers to any more; removed after the commit.
    pub orphans: Vec<String>,
    /// The message that the command was about, as [`Decision::own`] says.
    pub own: Option<Arc<Message>>,
}

impl Event {
    /// The message that it is about.
    pub fn message(&self) -> Option<&Arc<Message>> {
        match self {
            Event::MessageSaved { message, .. }
            | Event::MessageRepeated { message }
            | Event::MessageDeleted { message } => Some(message),
            _ => None,
        }
    }
}
