//! Who is connected at Botkit's door, and who lost a connection a moment ago. In memory of this server.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config;
use crate::domain::ThreadId;

/// How long after a connection was cut the history is left out once (botkit contract, 11).
const CUT: Duration = Duration::from_secs(20);
/// How long somebody who went too far is refused.
const BARRED: Duration = Duration::from_secs(60);
/// Sessions remembered without a connection, at most; the rest is looked through then.
const REMEMBERED: usize = 10_000;

#[derive(Default)]
struct Seen {
    sockets: u32,
    cut: Option<Instant>,
    barred: Option<Instant>,
}

impl Seen {
    fn matters(&self) -> bool {
        let recent = |at: Option<Instant>, span| at.is_some_and(|at| at.elapsed() < span);
        self.sockets > 0 || recent(self.cut, CUT) || recent(self.barred, BARRED)
    }
}

/// All of it. Cloning is cheap.
#[derive(Clone)]
pub struct Rooms {
    seen: Arc<Mutex<HashMap<String, Seen>>>,
    rates: Arc<DefaultKeyedRateLimiter<String>>,
    turns: Arc<Mutex<HashMap<ThreadId, Arc<tokio::sync::Mutex<()>>>>>,
    most: u32,
}

impl Rooms {
    /// As the settings say.
    pub fn new(config: &config::Botkit) -> Self {
        let rate = NonZeroU32::new(config.messages_per_minute).unwrap_or(NonZeroU32::MIN);
        Self {
            seen: Arc::default(),
            rates: Arc::new(RateLimiter::keyed(Quota::per_minute(rate))),
            turns: Arc::default(),
            most: config.sockets,
        }
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<String, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more socket of a session; `false` if it has too many, or went too far a moment ago.
    pub(super) fn enter(&self, session: &str) -> bool {
        let mut all = self.seen();
        if all.len() > REMEMBERED {
            all.retain(|_, seen| seen.matters());
            self.rates.retain_recent();
        }
        let seen = all.entry(session.to_owned()).or_default();
        let barred = seen.barred.is_some_and(|at| at.elapsed() < BARRED);
        if barred || seen.sockets >= self.most {
            return false;
        }
        seen.sockets += 1;
        true
    }

    /// A socket is gone; `cut` says that nobody said goodbye.
    pub(super) fn leave(&self, session: &str, cut: bool) {
        let mut all = self.seen();
        if let Some(seen) = all.get_mut(session) {
            seen.sockets = seen.sockets.saturating_sub(1);
            if cut {
                seen.cut = Some(Instant::now());
            }
        }
    }

    /// Whether a connection of this session was cut a moment ago; true only once.
    pub(super) fn was_cut(&self, session: &str) -> bool {
        let cut = self.seen().get_mut(session).and_then(|seen| seen.cut.take());
        cut.is_some_and(|at| at.elapsed() < CUT)
    }

    /// One more message of a session; else how many seconds to wait.
    pub(super) fn message(&self, session: &str) -> Result<(), u64> {
        self.rates.check_key(&session.to_owned()).map_err(|not_yet| {
            let wait = not_yet.wait_time_from(DefaultClock::default().now());
            wait.as_secs() + 1
        })
    }

    /// Refuses the session's upgrades for a while: whoever is only thrown out comes back every three seconds.
    pub(super) fn bar(&self, session: &str) {
        self.seen().entry(session.to_owned()).or_default().barred = Some(Instant::now());
    }

    /// The right to wait for the replies of one conversation: one request at a time, or answers would slip.
    pub(super) fn turn(&self, thread: ThreadId) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() > REMEMBERED {
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        }
        turns.entry(thread).or_default().clone()
    }
}
