//! Which threads are awake, and on which arbiter each lives.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix::{Actor, Addr, Arbiter, ArbiterHandle};

use super::House;
use super::thread::Thread;
use crate::domain::ThreadId;

/// Maps a thread's id to its actor. Split into parts so that arbiters do not wait for one another.
#[derive(Clone)]
pub struct Registry(Arc<Vec<Part>>);

struct Part {
    arbiter: ArbiterHandle,
    awake: Mutex<HashMap<ThreadId, Addr<Thread>>>,
}

impl Part {
    fn awake(&self) -> MutexGuard<'_, HashMap<ThreadId, Addr<Thread>>> {
        self.awake.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registry {
    /// Starts `arbiters` arbiters; 0 for one per two cores.
    pub fn new(arbiters: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let count = if arbiters == 0 { cores.div_ceil(2) } else { arbiters };
        let part = |_| Part { arbiter: Arbiter::new().handle(), awake: Mutex::default() };
        Self(Arc::new((0..count).map(part).collect()))
    }

    fn part(&self, thread: ThreadId) -> Option<&Part> {
        let count = u64::try_from(self.0.len()).ok()?;
        let place = usize::try_from(thread.unsigned_abs().checked_rem(count)?).ok()?;
        self.0.get(place)
    }

    /// The thread's actor, woken if it sleeps. Whether there is such a thread, it says itself.
    pub(super) fn wake(&self, house: &House, id: ThreadId) -> Option<Addr<Thread>> {
        let part = self.part(id)?;
        let mut awake = part.awake();
        if let Some(thread) = awake.get(&id).filter(|thread| thread.connected()) {
            return Some(thread.clone());
        }
        let house = house.clone();
        let thread = Thread::start_in_arbiter(&part.arbiter, move |_| Thread::new(id, house));
        awake.insert(id, thread.clone());
        Some(thread)
    }

    /// The thread's actor, if it is awake.
    pub(super) fn awake(&self, id: ThreadId) -> Option<Addr<Thread>> {
        self.part(id)?.awake().get(&id).filter(|thread| thread.connected()).cloned()
    }

    /// A thread goes to sleep.
    pub(super) fn forget(&self, id: ThreadId, thread: &Addr<Thread>) {
        if let Some(part) = self.part(id) {
            let mut awake = part.awake();
            if awake.get(&id).is_some_and(|known| known == thread) {
                awake.remove(&id);
            }
        }
    }
}
