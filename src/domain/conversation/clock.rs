//! Time in a session: its clock (contract, 6.3), and the batches behind a `delay` (12.10).

use super::run::Run;
use super::state::Clock;
use super::{Micros, SECOND};

/// The time-out of a bot that is not known any more, in seconds: the default.
const DEFAULT_TIMEOUT: u32 = 600;

impl Run<'_> {
    /// Lets everything happen that was due until `now`, in its order and at its own time.
    pub(super) fn pass_time(&mut self, now: Micros) {
        while let Some(due) = self.next_due().filter(|due| *due <= now) {
            self.now = due;
            if !self.go_on_with_delayed() {
                self.timed_out();
            }
        }
        self.now = now;
    }

    /// When something happens by itself.
    pub(super) fn next_due(&self) -> Option<Micros> {
        let session = self.state.session.as_ref()?;
        let delayed = session.delayed.iter().map(|batch| batch.due).min();
        let clock = match session.clock {
            Clock::Running(deadline) => Some(deadline),
            Clock::Unset | Clock::Standing(_) => None,
        };
        delayed.into_iter().chain(clock).min()
    }

    /// Goes on with the first batch whose delay is over; `false` if there is none.
    fn go_on_with_delayed(&mut self) -> bool {
        let now = self.now;
        let Some(session) = &mut self.state.session else { return false };
        let due = session.delayed.iter().enumerate().filter(|(_, batch)| batch.due <= now);
        let Some((at, _)) = due.min_by_key(|(at, batch)| (batch.due, *at)) else { return false };
        let batch = session.delayed.remove(at);
        let cid = session.cid.clone();
        self.go_on(batch.events);
        self.clock_goes_on(&cid);
        self.pump();
        true
    }

    /// How long both sides may be silent.
    fn patience(&self) -> Micros {
        let bot = self.state.session.as_ref().and_then(|session| self.world.bots.get(&session.bot));
        let own = bot.map_or(DEFAULT_TIMEOUT, |bot| bot.settings.timeout.seconds);
        let seconds = self.world.widget.settings.live_timeout.map_or(own, |live| live.min(own));
        Micros::from(seconds) * SECOND
    }

    /// Starts the clock: `start` is sent.
    pub(super) fn start_clock(&mut self) {
        let deadline = self.now + self.patience();
        if let Some(session) = &mut self.state.session {
            session.clock = Clock::Running(deadline);
        }
    }

    /// Starts the clock anew: one side was heard. It stands still while events wait behind a `delay`.
    pub(super) fn touch(&mut self) {
        let (now, patience) = (self.now, self.patience());
        let Some(session) = &mut self.state.session else { return };
        session.clock = match session.clock {
            Clock::Unset => Clock::Unset,
            _ if session.delayed.is_empty() => Clock::Running(now + patience),
            _ => Clock::Standing(patience),
        };
    }

    /// Stops the clock: events wait behind a `delay`.
    pub(super) fn stop_clock(&mut self) {
        let now = self.now;
        if let Some(session) = &mut self.state.session
            && let Clock::Running(deadline) = session.clock
        {
            session.clock = Clock::Standing(deadline - now);
        }
    }

    /// Lets the clock of a session run on once nothing waits behind a `delay` any more.
    fn clock_goes_on(&mut self, cid: &str) {
        let now = self.now;
        if let Some(session) = self.state.session.as_mut().filter(|session| session.cid == cid)
            && session.delayed.is_empty()
            && let Clock::Standing(left) = session.clock
        {
            session.clock = Clock::Running(now + left);
        }
    }
}
