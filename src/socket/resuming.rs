//! Which frames are held back, and when they are let go (design, part 6; `domain::resume` has the rule).
//!
//! A client that reconnects sends `resume` as its first frame. Frames of threads may be pushed before that frame is read,
//! so a new connection holds them until the first frame came, or a short moment has passed. While a thread is being
//! resumed, its live frames are held; then what was missed goes out, and of what was held only what is newer.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;

use crate::actors::Outgoing;
use crate::domain::resume::release;
use crate::domain::{Rev, ThreadId};

/// Frames held for threads that are being resumed.
pub(super) struct Hold {
    /// No first frame came yet: every thread's frames are held.
    opening: bool,
    /// How many `resume` commands wait for each thread.
    resuming: HashMap<ThreadId, usize>,
    /// What was told by resuming, per thread: frames of these revisions may still wait in the outbox, and are repeats.
    told: HashMap<ThreadId, Rev>,
    held: VecDeque<Outgoing>,
    held_bytes: usize,
    max_bytes: usize,
    ready: VecDeque<Bytes>,
}

impl Hold {
    /// Holds at most `max_bytes`.
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            opening: true,
            resuming: HashMap::new(),
            told: HashMap::new(),
            held: VecDeque::new(),
            held_bytes: 0,
            max_bytes,
            ready: VecDeque::new(),
        }
    }

    /// A frame arrives: it is held, or ready to go. `false` when more is held than may be.
    pub(super) fn arrive(&mut self, frame: Outgoing) -> bool {
        if self.told.get(&frame.thread).is_some_and(|told| frame.rev <= *told) {
            return true;
        }
        let held = frame.thread != 0 && (self.opening || self.resuming.contains_key(&frame.thread));
        if held {
            self.held_bytes += frame.bytes.len();
            self.held.push_back(frame);
        } else {
            self.ready.push_back(frame.bytes);
        }
        self.held_bytes <= self.max_bytes
    }

    /// The first frame came, or nobody wants to resume: what is held for nothing else goes.
    pub(super) fn opened(&mut self) {
        if std::mem::take(&mut self.opening) {
            self.let_go();
        }
    }

    /// A thread is going to be resumed.
    pub(super) fn begin(&mut self, thread: ThreadId) {
        *self.resuming.entry(thread).or_default() += 1;
    }

    /// What was missed is here: it goes first, then what was held and is newer than `rev`.
    pub(super) fn caught(&mut self, thread: ThreadId, frames: Vec<Outgoing>, rev: Rev) {
        self.ready.extend(frames.into_iter().map(|frame| frame.bytes));
        let (own, others): (Vec<Outgoing>, Vec<Outgoing>) =
            std::mem::take(&mut self.held).into_iter().partition(|frame| frame.thread == thread);
        self.held = others.into();
        let newer = release(own.into_iter().map(|frame| (frame.rev, frame)).collect(), rev);
        self.held.extend(newer);
        self.told.insert(thread, rev);
        self.end(thread);
    }

    /// The thread cannot be resumed: what is held goes as it came.
    pub(super) fn end(&mut self, thread: ThreadId) {
        if let Some(waiting) = self.resuming.get_mut(&thread) {
            *waiting -= 1;
            if *waiting == 0 {
                self.resuming.remove(&thread);
            }
        }
        self.let_go();
    }

    /// Puts an answer behind what is ready.
    pub(super) fn answer(&mut self, bytes: Bytes) {
        self.ready.push_back(bytes);
    }

    fn let_go(&mut self) {
        for frame in std::mem::take(&mut self.held) {
            if self.opening || self.resuming.contains_key(&frame.thread) {
                self.held.push_back(frame);
            } else {
                self.ready.push_back(frame.bytes);
            }
        }
        self.held_bytes = self.held.iter().map(|frame| frame.bytes.len()).sum();
    }

    /// Everything that is ready to go.
    pub(super) fn take_ready(&mut self) -> VecDeque<Bytes> {
        std::mem::take(&mut self.ready)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(thread: ThreadId, rev: Rev) -> Outgoing {
        Outgoing { thread, rev, bytes: Bytes::from(format!("{thread}:{rev}")) }
    }

    fn ready(hold: &mut Hold) -> Vec<String> {
        hold.take_ready().iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
    }

    #[test]
    fn a_reconnecting_client_gets_each_revision_once_and_in_order() {
        let mut hold = Hold::new(1_000);
        hold.arrive(frame(1, 5));
        hold.arrive(frame(2, 8));
        assert!(ready(&mut hold).is_empty(), "held until the first frame came");

        hold.begin(1);
        hold.opened();
        assert_eq!(ready(&mut hold), ["2:8"], "thread 2 is not resumed");
        hold.arrive(frame(1, 6));
        assert!(ready(&mut hold).is_empty());

        hold.caught(1, vec![frame(1, 4), frame(1, 5)], 5);
        hold.arrive(frame(1, 5)); // it waited in the outbox all the while
        hold.arrive(frame(1, 7));
        assert_eq!(ready(&mut hold), ["1:4", "1:5", "1:6", "1:7"]);
    }

    #[test]
    fn what_is_held_is_bounded() {
        let mut hold = Hold::new(5);
        assert!(hold.arrive(frame(1, 1)));
        assert!(!hold.arrive(frame(1, 2)));
    }

    #[test]
    fn frames_of_no_thread_are_never_held() {
        let mut hold = Hold::new(100);
        hold.arrive(Outgoing::plain(Bytes::from_static(b"hello")));
        assert_eq!(ready(&mut hold), ["hello"]);
    }
}
