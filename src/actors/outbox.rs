//! What waits for one connection: finished frames, bounded in bytes and in number.
//!
//! Anybody may push; only the connection takes. A push that does not fit ends the outbox: the connection is closed and
//! the client resumes, so a reader that does not keep up costs a bounded amount of memory and nobody else's time.
//! An idle outbox owns no buffer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::task::AtomicWaker;

use super::presence::Goodbye;
use crate::domain::{Rev, ThreadId};
use crate::metrics::Metrics;

/// The most frames that wait, whatever their size.
pub(super) const MAX_FRAMES: usize = 8_192;

/// A finished frame on its way out.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The thread it belongs to; 0 for none. While a thread is being resumed, its frames are held.
    pub thread: ThreadId,
    /// The revision it tells of; 0 for none.
    pub rev: Rev,
    /// The frame as it goes over the wire.
    pub bytes: Bytes,
}

impl Outgoing {
    /// A frame that belongs to no revision of a thread.
    pub fn plain(bytes: Bytes) -> Self {
        Self { thread: 0, rev: 0, bytes }
    }
}

#[derive(Default)]
struct Queue {
    frames: VecDeque<Outgoing>,
    bytes: usize,
    ended: Option<Goodbye>,
}

struct Inner {
    queue: Mutex<Queue>,
    waker: AtomicWaker,
    max_bytes: usize,
    metrics: Metrics,
}

/// One connection's outbox; clones are the same.
#[derive(Clone)]
pub struct Outbox(Arc<Inner>);

/// What the connection finds in its outbox.
#[derive(Debug, Default)]
pub struct Taken {
    /// Everything that waited.
    pub frames: VecDeque<Outgoing>,
    /// Whether it is the end.
    pub ended: Option<Goodbye>,
}

impl Outbox {
    /// An outbox of at most `max_bytes`.
    pub fn new(max_bytes: usize, metrics: Metrics) -> Self {
        let queue = Mutex::new(Queue::default());
        Self(Arc::new(Inner { queue, waker: AtomicWaker::new(), max_bytes, metrics }))
    }

    /// A panic elsewhere cannot leave the queue half changed: every change is a single push or swap.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Pushes frames; whether they were taken. When they do not fit, the connection is ended.
    pub fn push(&self, frames: impl IntoIterator<Item = Outgoing>) -> bool {
        let mut queue = self.queue();
        if queue.ended.is_some() {
            return false;
        }
        let before = queue.frames.len();
        for frame in frames {
            queue.bytes += frame.bytes.len();
            queue.frames.push_back(frame);
        }
        let waiting = queue.frames.len();
        let fits = queue.bytes <= self.0.max_bytes && waiting <= MAX_FRAMES;
        if !fits {
            // what was pushed is not delivered; the client gets it by resuming
            queue.frames.truncate(before);
            queue.ended = Some(Goodbye::SlowReader);
            self.0.metrics.slow_readers.inc();
        }
        drop(queue);
        if fits {
            self.0.metrics.deliveries.inc_by(u64::try_from(waiting - before).unwrap_or(0));
            if i64::try_from(waiting).is_ok_and(|waiting| waiting > self.0.metrics.outbox_peak.get()) {
                self.0.metrics.outbox_peak.set(i64::try_from(waiting).unwrap_or(i64::MAX));
            }
        }
        self.0.waker.wake();
        fits
    }

    /// Ends the connection once what waits has left. The first reason stands.
    pub fn end(&self, goodbye: Goodbye) {
        self.queue().ended.get_or_insert(goodbye);
        self.0.waker.wake();
    }

    /// Whether the end was said.
    pub fn is_ended(&self) -> bool {
        self.queue().ended.is_some()
    }

    /// Takes everything that waits, or asks to be woken.
    pub fn poll_take(&self, context: &mut Context<'_>) -> Poll<Taken> {
        self.0.waker.register(context.waker());
        let mut queue = self.queue();
        if queue.frames.is_empty() && queue.ended.is_none() {
            return Poll::Pending;
        }
        queue.bytes = 0;
        Poll::Ready(Taken { frames: std::mem::take(&mut queue.frames), ended: queue.ended })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::task::noop_waker_ref;

    use super::*;

    fn frame(size: usize) -> Outgoing {
        Outgoing::plain(Bytes::from(vec![b'x'; size]))
    }

    #[test]
    fn what_does_not_fit_ends_the_connection_and_is_not_kept() {
        let outbox = Outbox::new(100, Metrics::new());
        assert!(outbox.push([frame(60)]));
        assert!(!outbox.push([frame(60)]));
        assert!(!outbox.push([frame(1)]), "nothing after the end");

        let Poll::Ready(taken) = outbox.poll_take(&mut Context::from_waker(noop_waker_ref())) else {
            panic!("something waits")
        };
        assert_eq!(taken.frames.len(), 1);
        assert_eq!(taken.ended, Some(Goodbye::SlowReader));
    }

    #[test]
    fn a_burst_is_taken_at_once_and_in_order() {
        let outbox = Outbox::new(1_000, Metrics::new());
        outbox.push((1..=3).map(frame));
        let Poll::Ready(taken) = outbox.poll_take(&mut Context::from_waker(noop_waker_ref())) else {
            panic!("something waits")
        };
        let sizes: Vec<usize> = taken.frames.iter().map(|frame| frame.bytes.len()).collect();
        assert_eq!(sizes, [1, 2, 3]);
        assert!(outbox.poll_take(&mut Context::from_waker(noop_waker_ref())).is_pending());
    }
}
