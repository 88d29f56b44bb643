//! The response body of a session: whatever the actor writes (pongs, the answer to a close) and whatever waits in the
//! outbox, whole frames only, everything that waits in one chunk and so in one write.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::Error;
use bytes::{Bytes, BytesMut};
use futures_util::Stream;

use super::frame;
use super::resuming::Hold;
use crate::actors::Outbox;
use crate::actors::presence::Goodbye;

/// Merges the actor's frames and the outbox.
pub(super) struct Body<A> {
    actor: Pin<Box<A>>,
    outbox: Outbox,
    hold: Rc<RefCell<Hold>>,
    ended: bool,
}

impl<A> Body<A> {
    pub(super) fn new(actor: Pin<Box<A>>, outbox: Outbox, hold: Rc<RefCell<Hold>>) -> Self {
        Self { actor, outbox, hold, ended: false }
    }

    /// Takes what waits through the hold; `Some` when it is the end.
    fn take(&self, context: &mut Context<'_>) -> Option<Goodbye> {
        let Poll::Ready(taken) = self.outbox.poll_take(context) else { return None };
        let mut hold = self.hold.borrow_mut();
        let mut fits = true;
        for frame in taken.frames {
            fits &= hold.arrive(frame);
        }
        taken.ended.or((!fits).then_some(Goodbye::SlowReader))
    }
}

impl<A: Stream<Item = Result<Bytes, Error>>> Stream for Body<A> {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let mut waiting = VecDeque::new();
        let control = match self.actor.as_mut().poll_next(context) {
            Poll::Ready(Some(Ok(bytes))) => Some(bytes),
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
            Poll::Ready(None) => {
                self.ended = true;
                return Poll::Ready(None);
            }
            Poll::Pending => None,
        };
        let goodbye = self.take(context);
        waiting.extend(self.hold.borrow_mut().take_ready());
        waiting.extend(control);
        if let Some(goodbye) = goodbye {
            self.ended = true;
            // half a second at least, so that a restarting server is there again; the client adds its own jitter
            waiting.push_back(frame::goodbye(goodbye.reason(), 500));
            waiting.push_back(frame::close(goodbye.close_code(), goodbye.reason()));
        }
        match waiting.len() {
            0 => Poll::Pending,
            1 => Poll::Ready(waiting.pop_front().map(Ok)),
            _ => Poll::Ready(Some(Ok(join(&waiting)))),
        }
    }
}

fn join(parts: &VecDeque<Bytes>) -> Bytes {
    let mut joined = BytesMut::with_capacity(parts.iter().map(Bytes::len).sum());
    for part in parts {
        joined.extend_from_slice(part);
    }
    joined.freeze()
}
