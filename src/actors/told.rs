//! What a thread tells its seats after a commit: one batch behind one `Arc`, the shared part of every frame already
//! written.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::domain::account::AccountView;
use crate::domain::event::{Event, Outcome};
use crate::domain::scene::Schemas;
use crate::domain::view::Viewed;
use crate::domain::{Account, AccountId, Message, ReadState, Rev, Roster, Seat, Seq, unread::Spans};
use crate::store::CommitError;

/// The newest message as one kind of viewer sees it.
#[derive(Clone, Debug)]
pub(super) struct Last {
    pub message: Arc<Message>,
    pub shared: Arc<str>,
}

/// The thread around a piece of news, as it was then: the parts that all recipients share.
#[derive(Debug)]
pub(super) struct Around {
    /// The thread object's shared part.
    pub thread: Arc<str>,
    /// The newest message, per view.
    pub lasts: Arc<[Option<Last>]>,
    /// Frames written already: in a large thread most recipients' own parts are alike.
    memo: Mutex<Vec<(OwnPart, Bytes)>>,
}

/// Everything in a frame that differs between recipients.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OwnPart {
    pub view: usize,
    pub message: Viewed,
    pub last: Viewed,
    pub unread: i64,
    pub read_upto: Seq,
    pub seat: Arc<str>,
}

/// Different own parts remembered per piece of news; more are written each time.
const REMEMBERED: usize = 8;

impl Around {
    pub(super) fn new(thread: Arc<str>, lasts: Arc<[Option<Last>]>) -> Self {
        Self { thread, lasts, memo: Mutex::default() }
    }

    /// The frame for this own part, written by `write` if nobody had the same before.
    pub(super) fn frame(&self, own: OwnPart, write: impl FnOnce(&OwnPart) -> Bytes) -> Bytes {
        let mut memo = self.memo.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bytes)) = memo.iter().find(|(known, _)| *known == own) {
            return bytes.clone();
        }
        let bytes = write(&own);
        if memo.len() < REMEMBERED {
            memo.push((own, bytes.clone()));
        }
        bytes
    }
}

/// One piece of news.
#[derive(Debug)]
pub(super) enum News {
    /// A message was created or changed.
    Message { message: Arc<Message>, created: bool, shared: Arc<str>, around: Around },
    /// A message was taken back.
    Deleted { message: Arc<Message>, frame: Bytes },
    /// Title or roster changed: everybody's thread object is another.
    Thread { rev: Rev, around: Arc<Around> },
    /// A seat changed: its member's thread object is another.
    Seat { seat: Arc<Seat>, reads: ReadState, quiet: bool, around: Arc<Around> },
    /// A member left.
    Removed { account: AccountId, rev: Rev },
    /// A member has read something.
    Read { account: AccountId, reads: ReadState, seqs: Spans },
}

impl News {
    /// The only account that this concerns, if it does not concern everybody.
    pub(super) fn whose(&self) -> Option<AccountId> {
        match self {
            News::Read { account, .. } => Some(*account),
            // a seat that changes is in everybody's roster
            _ => None,
        }
    }
}

/// What became true in one go.
#[derive(Debug)]
pub(super) struct Batch {
    pub news: Vec<News>,
    /// The roster now.
    pub roster: Arc<Roster>,
    /// The schemas that its seats have.
    pub schemas: Arc<Schemas>,
    /// The newest messages now, per view.
    pub lasts: Arc<[Option<Last>]>,
    /// The thread object's shared part now.
    pub thread: Arc<str>,
    /// How senders are shown.
    pub names: Arc<Names>,
    pub seq: Seq,
    pub rev: Rev,
    /// The revision that last changed title or roster.
    pub changed_rev: Rev,
}

/// How accounts are shown.
pub(super) type Names = HashMap<AccountId, AccountView>;

/// What became of one commit, for the seat that decided it.
#[derive(Clone, Debug)]
pub(super) struct Committed {
    /// The message that the command was about.
    pub message: Option<Arc<Message>>,
    /// What was read.
    pub read: Spans,
    pub rev: Rev,
}

impl Committed {
    pub(super) fn of(outcome: &Outcome) -> Self {
        let read = outcome.events.iter().find_map(|event| match event {
            Event::ReadMoved { seqs, .. } => Some(seqs.clone()),
            _ => None,
        });
        Self { message: outcome.own.clone(), read: read.unwrap_or_default(), rev: outcome.rev }
    }
}

/// The seat's own number of a commit, and what became of it.
pub(super) type Verdict = (u64, Result<Committed, CommitError>);

/// Tells a seat a batch, and what became of its own commits in it.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub(super) struct Told {
    pub batch: Option<Arc<Batch>>,
    pub verdicts: Vec<Verdict>,
}

/// A watcher: an account that hears a thread without being a member.
pub(super) type Watchers = std::collections::BTreeMap<AccountId, Arc<Account>>;
