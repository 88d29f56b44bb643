//! Who waits for something to happen in a thread without having a seat in it: the doors through which people outside hear
//! what is said. They are only told that something happened, and read what it was; so nobody who listens slows a thread.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::domain::{AccountId, ThreadId};

/// All who listen. Cloning is cheap.
#[derive(Clone, Default)]
pub struct Listening(Arc<Parts>);

#[derive(Default)]
struct Parts {
    threads: Mutex<HashMap<ThreadId, watch::Sender<Heard>>>,
    /// How many threads are listened to, so that nobody locks anything when there are none.
    count: AtomicUsize,
}

/// What was heard last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Who is writing, if that is all there is.
    writing: Option<AccountId>,
}

impl Heard {
    /// Whether all that happened is that somebody else than `own` is writing.
    pub fn is_writing_of_other(self, own: AccountId) -> bool {
        self.writing.is_some_and(|writer| writer != own)
    }
}

/// Hears that something happened in one thread, also between two waits.
pub struct Listener {
    thread: ThreadId,
    happened: watch::Receiver<Heard>,
    listening: Listening,
}

impl Listening {
    fn threads(&self) -> MutexGuard<'_, HashMap<ThreadId, watch::Sender<Heard>>> {
        self.0.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens to a thread from now on.
    pub fn listen(&self, thread: ThreadId) -> Listener {
        let mut threads = self.threads();
        let happened = threads.entry(thread).or_insert_with(|| watch::channel(Heard::default()).0).subscribe();
        self.0.count.store(threads.len(), Ordering::Release);
        Listener { thread, happened, listening: self.clone() }
    }

    /// Something happened in the thread: a commit, or a turn of its bots that is over.
    pub fn tell(&self, thread: ThreadId) {
        self.send(thread, Heard::default());
    }

    /// Somebody is writing in the thread. A hint: what happens next takes its place.
    pub fn tell_writing(&self, thread: ThreadId, writer: AccountId) {
        self.send(thread, Heard { writing: Some(writer) });
    }

    fn send(&self, thread: ThreadId, heard: Heard) {
        if self.0.count.load(Ordering::Acquire) == 0 {
            return;
        }
        if let Some(sender) = self.threads().get(&thread) {
            // counts as news also when the same was heard before
            sender.send_modify(|last| *last = heard);
        }
    }
}

impl Listener {
    /// Waits until something happened that was not waited for before.
    pub async fn heard(&mut self) -> Heard {
        // the sender stays while this listens, so there is no error
        let _ = self.happened.changed().await;
        *self.happened.borrow_and_update()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut threads = self.listening.threads();
        // this receiver is still counted
        if threads.get(&self.thread).is_some_and(|sender| sender.receiver_count() <= 1) {
            threads.remove(&self.thread);
            self.listening.0.count.store(threads.len(), Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn what_happens_between_two_waits_is_heard() {
        let listening = Listening::default();
        let mut one = listening.listen(7);
        listening.tell(8);
        listening.tell(7);
        listening.tell(7);
        one.heard().await;
        assert!(tokio::time::timeout(Duration::from_millis(20), one.heard()).await.is_err(), "heard once");
    }

    #[test]
    fn nobody_is_remembered_who_went_away() {
        let listening = Listening::default();
        let (one, other) = (listening.listen(7), listening.listen(7));
        drop(one);
        assert_eq!(listening.threads().len(), 1);
        drop(other);
        assert!(listening.threads().is_empty());
    }
}
