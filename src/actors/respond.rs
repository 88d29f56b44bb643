//! Answers to commands: given once, whatever happens.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::domain::unread::Spans;
use crate::domain::{Message, Refusal, Rev, Seq};
use crate::store::CommitError;

/// What a command did.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// The message that was made, changed, found again or deleted.
    pub message: Option<Arc<Message>>,
    /// Its shared part, where it is written already.
    pub shared: Option<Arc<str>>,
    /// The positions that were unread and now are read.
    pub read: Spans,
    /// How many are unread now.
    pub unread: i64,
    /// The read cursor.
    pub read_upto: Seq,
    /// The thread's revision.
    pub rev: Rev,
    /// Whether there was nothing to be done at all.
    pub idle: bool,
}

type Answer = Box<dyn FnOnce(Result<Done, Refusal>) + Send>;

/// Where the answer to one command goes. Dropped without an answer (an actor fell asleep with the command in its
/// mailbox), it answers `busy`, so that the client tries again.
pub struct Respond(Option<Answer>);

impl Respond {
    /// Answers by calling `answer`.
    pub fn new(answer: impl FnOnce(Result<Done, Refusal>) + Send + 'static) -> Self {
        Self(Some(Box::new(answer)))
    }

    /// Answers into a channel.
    pub fn channel() -> (Self, oneshot::Receiver<Result<Done, Refusal>>) {
        let (sender, receiver) = oneshot::channel();
        let respond = Self::new(move |answer| {
            // nobody waits any more: what was done is done
            let _ = sender.send(answer);
        });
        (respond, receiver)
    }

    /// Gives the answer.
    pub fn give(mut self, answer: Result<Done, Refusal>) {
        if let Some(respond) = self.0.take() {
            respond(answer);
        }
    }
}

impl Drop for Respond {
    fn drop(&mut self) {
        if let Some(respond) = self.0.take() {
            respond(Err(busy()));
        }
    }
}

/// The refusal of somebody whose mailbox is full.
pub fn busy() -> Refusal {
    Refusal::Busy { retry_after: 500 }
}

/// The refusal of a commit that did not happen.
pub(super) fn refusal(error: &CommitError) -> Refusal {
    match error {
        CommitError::Clash => Refusal::Clash,
        CommitError::Missing => Refusal::NotFound,
        CommitError::Busy => busy(),
        CommitError::Broken => Refusal::Unavailable,
    }
}
