//! Carrying a batch out (contract, 10, phase 3): event by event, in order; a `delay` holds back what follows it.

use std::collections::VecDeque;

use super::Key;
use super::batch::Batch;
use super::event::Event;
use super::run::Run;
use super::state::{Delayed, MAX_DELAYED};
use super::step::{Effect, EventResult, ResultStatus};

/// How an event ended: `Ok` with the entry that it made, or why not.
pub(super) type Done = Result<Option<Key>, (ResultStatus, &'static str)>;

/// Events with the keys of the entries that they will make.
type Events = VecDeque<(Option<Key>, Event)>;

impl Run<'_> {
    /// Stores the context, then carries the events out; what became of each is in the step's results.
    pub(super) fn carry(&mut self, batch: Batch) {
        if let (Some(context), Some(session)) = (batch.context, &mut self.state.session) {
            session.context = context;
        }
        let events: Events = batch.events.into_iter().map(|event| (self.key_for(&event), event)).collect();
        let names: Vec<(&'static str, Option<Key>)> = events.iter().map(|(key, event)| (event.name(), *key)).collect();
        let ends = self.go_on(events);
        self.out.results = names.into_iter().zip(ends).enumerate().map(|(index, it)| self.result(index, it)).collect();
    }

    fn result(&self, index: usize, ((name, key), end): ((&str, Option<Key>), End)) -> EventResult {
        let (status, code) = match end {
            End::Done => (ResultStatus::Done, None),
            End::Queued => (ResultStatus::Queued, None),
            End::Not(status, code) => (status, code),
        };
        let made = matches!(status, ResultStatus::Done | ResultStatus::Queued);
        let message_id = key.filter(|_| made).map(|key| self.state.entry_id(key));
        EventResult { index, name: name.to_owned(), status, code: code.map(str::to_owned), message_id }
    }

    /// The key of the entry that an event will make, so that a `queued` one can be named too.
    fn key_for(&mut self, event: &Event) -> Option<Key> {
        let makes_one = matches!(
            event,
            Event::Message { .. }
                | Event::Choice(_)
                | Event::Buttons { .. }
                | Event::Media { .. }
                | Event::Navigate { .. }
                | Event::NoteCreate { .. }
        );
        makes_one.then(|| self.next_key())
    }

    /// Carries events out until they are all done, one ends the session, or a `delay` holds the rest back.
    pub(super) fn go_on(&mut self, mut events: Events) -> Vec<End> {
        let all = events.len();
        let mut ends = Vec::with_capacity(all);
        while let Some((key, event)) = events.pop_front() {
            match event {
                Event::Delay { micros, typing } => {
                    ends.push(End::Done);
                    if self.hold_back(micros, typing, &mut events) {
                        ends.extend(std::iter::repeat_n(End::Queued, all - ends.len()));
                        return ends;
                    }
                }
                event => {
                    let last = matches!(event, Event::Abort | Event::End | Event::Forward { .. });
                    ends.push(match self.execute(&event, key) {
                        Ok(_) => End::Done,
                        Err((status, code)) => End::Not(status, Some(code)),
                    });
                    if last {
                        ends.extend(events.drain(..).map(|_| End::Not(ResultStatus::Skipped, None)));
                    }
                }
            }
        }
        ends
    }

    /// Keeps the rest of a batch for later; `false` if there is nothing to hold back, or too much is held back already.
    fn hold_back(&mut self, micros: i64, typing: bool, rest: &mut Events) -> bool {
        let nothing = rest.iter().all(|(_, event)| matches!(event, Event::Delay { .. }));
        let due = self.now + micros;
        let Some(session) = self.state.session.as_mut().filter(|_| !nothing) else { return false };
        if session.delayed.len() >= MAX_DELAYED {
            return false;
        }
        session.delayed.push(Delayed { due, events: std::mem::take(rest) });
        let by = session.bot;
        self.stop_clock();
        if typing {
            self.effect(Effect::Typing { by, length: micros });
        }
        true
    }
}

/// How an event ended, for its result.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    Done,
    Queued,
    Not(ResultStatus, Option<&'static str>),
}
