//! Conversations that operators hold, human or bot, in the running house: what happened is decided by the pure
//! [`step`](crate::domain::conversation::step::step), and what it says is committed in one go.
//!
//! # The road
//!
//! ```text
//! contact, staff, clock, bot ──Moved──▶ take: lock, read, step ──one Decision──▶ carry_out ══commit══▶ thread, jobs
//!        jobs ──bot_call──▶ Brain (webhook, Rasa, built in) ──Outcome──▶ take
//! ```
//!
//! - [`take`] is the one place where a conversation moves. It holds the conversation's lock while it reads, decides and
//!   commits; the state's revision and the free slots are checked again in the transaction, so that another process, or
//!   another conversation that took the last slot, is a clash, after which everything is read and decided anew.
//! - State, messages, seats, calls, wake-ups and dispatches of a step are one commit. A crash loses all of it or nothing; what
//!   was committed is carried out by jobs, at least once, and a repeat finds its call or position done already.
//! - [`Conversations`] carries those jobs out: what was heard, what is due, calls of bots, dispatches.
//!
//! # Why here, and no actor of its own
//!
//! A conversation has no state that is not in its row, and nobody talks to it while it waits: a lock per thread gives the same
//! order as an actor would, without an address that must be found and kept awake. It lives above threads and jobs and below
//! the doors: sockets and REST come in through it.
//!
//! # Invariants
//!
//! No lock is held while another server is called. Nothing a bot does can fail a contact's message: it is stored first.

mod brain;
mod calls;
mod dispatch;
pub mod door;
mod effects;
mod files;
mod hear;
mod rasa;
mod requests;
mod take;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

pub use brain::{Attempt, Brain, Brains, End};
pub use calls::Conversations;
pub use requests::{Request, request};
pub use take::{Moved, Taken, take};

use crate::domain::ThreadId;

/// The locks of the conversations that are moving now, and of those whose bots are asking.
#[derive(Clone, Default)]
pub struct Locks(Arc<Mutex<HashMap<(ThreadId, Lock), One>>>);

/// One lock; it is only kept while somebody has it or waits for it.
type One = Weak<tokio::sync::Mutex<()>>;

/// What is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Lock {
    /// A step of the conversation.
    Step,
    /// A request of its bot, from its arrival to its answer: requests are carried out in the order in which they came.
    Request,
}

impl Locks {
    /// Waits until nobody else has this one.
    pub(super) async fn lock(&self, thread: ThreadId, what: Lock) -> OwnedMutexGuard<()> {
        let own = {
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // only those in use are kept: there are never many
            locks.retain(|_, lock| lock.strong_count() > 0);
            let known = locks.get(&(thread, what)).and_then(Weak::upgrade);
            let own = known.unwrap_or_default();
            locks.insert((thread, what), Arc::downgrade(&own));
            own
        };
        own.lock_owned().await
    }
}
