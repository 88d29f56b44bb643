//! The one clock of the house. Tests can turn it; nothing else asks the machine for the time of day.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::domain::Micros;

/// A span of time in microseconds; the longest that there is for one that is longer.
pub(super) fn micros(span: Duration) -> Micros {
    Micros::try_from(span.as_micros()).unwrap_or(Micros::MAX)
}

/// The time of day. Clones turn together.
#[derive(Clone, Debug)]
pub struct Clock {
    ahead: Arc<AtomicI64>,
    /// Where it stands, once it was stopped; 0 while it runs.
    stands: Arc<AtomicI64>,
    began: Instant,
}

impl Default for Clock {
    fn default() -> Self {
        Self { ahead: Arc::default(), stands: Arc::default(), began: Instant::now() }
    }
}

impl Clock {
    /// Now, in microseconds since 1970-01-01 UTC.
    pub fn now(&self) -> Micros {
        match self.stands.load(Ordering::Relaxed) {
            0 => {}
            stands => return stands,
        }
        // a clock before 1970 is a broken machine; zero is as good as anything then
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX).saturating_add(self.ahead.load(Ordering::Relaxed))
    }

    /// How long the house has been open, in microseconds: it never jumps when the machine's clock is set, and is turned too.
    pub fn steady(&self) -> Micros {
        micros(self.began.elapsed()).saturating_add(self.ahead.load(Ordering::Relaxed))
    }

    /// Turns the clock forward (or back, if negative).
    pub fn turn(&self, micros: Micros) {
        self.ahead.fetch_add(micros, Ordering::Relaxed);
        if self.stands.load(Ordering::Relaxed) != 0 {
            self.stands.fetch_add(micros, Ordering::Relaxed);
        }
    }

    /// Stops the clock: from now on it moves only when it is turned.
    pub fn stop(&self) {
        self.stands.store(self.now(), Ordering::Relaxed);
    }
}
