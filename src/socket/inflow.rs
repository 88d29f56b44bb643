//! What comes in over the connection, with an eye on the heads of frames: a frame that promises more than may be sent
//! ends the connection at once. The codec would wait for the whole of it first, and keep what came meanwhile.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::Stream;

/// The longest head: two bytes, a length of 64 bits, a mask (RFC 6455, 5.2).
const MAX_HEAD: usize = 14;

/// Where in the stream of frames one is.
#[derive(Debug, Default)]
struct Heads {
    head: Vec<u8>,
    /// Bytes of the current payload that are still to come.
    payload: u64,
}

/// How long a head is, as far as its first two bytes tell.
fn head_length(head: &[u8]) -> usize {
    let Some(second) = head.get(1) else { return 2 };
    let length = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    2 + length + if second & 0x80 == 0 { 0 } else { 4 }
}

/// The payload's length that a whole head tells.
fn payload_length(head: &[u8]) -> u64 {
    let wide = |from: usize, to: usize| {
        head.get(from..to).unwrap_or_default().iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte))
    };
    match head.get(1).map_or(0, |second| second & 0x7f) {
        126 => wide(2, 4),
        127 => wide(2, 10),
        short => u64::from(short),
    }
}

impl Heads {
    /// Follows a chunk; the place of the first byte of a frame that is too large, if one begins in it.
    fn follow(&mut self, chunk: &[u8], max: u64) -> Option<usize> {
        let mut at = 0;
        let mut began = 0;
        while at < chunk.len() {
            if self.payload > 0 {
                let left = u64::try_from(chunk.len() - at).unwrap_or(u64::MAX);
                let step = self.payload.min(left);
                self.payload -= step;
                at += usize::try_from(step).unwrap_or(chunk.len());
                continue;
            }
            if self.head.is_empty() {
                began = at;
            }
            self.head.extend(chunk.get(at));
            at += 1;
            debug_assert!(self.head.len() <= MAX_HEAD);
            if self.head.len() == head_length(&self.head) && self.head.len() >= 2 {
                let length = payload_length(&self.head);
                self.head.clear();
                if length > max {
                    return Some(began);
                }
                self.payload = length;
            }
        }
        None
    }
}

/// A payload whose frames are at most so large.
pub(super) struct Inflow<S> {
    stream: S,
    heads: Heads,
    max: u64,
    too_large: bool,
}

impl<S> Inflow<S> {
    pub(super) fn new(stream: S, max: usize) -> Self {
        Self { stream, heads: Heads::default(), max: u64::try_from(max).unwrap_or(u64::MAX), too_large: false }
    }
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for Inflow<S> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.too_large {
            return Poll::Ready(Some(Err(PayloadError::Overflow)));
        }
        let polled = Pin::new(&mut self.stream).poll_next(context);
        let Poll::Ready(Some(Ok(chunk))) = polled else { return polled };
        let max = self.max;
        match self.heads.follow(&chunk, max) {
            None => Poll::Ready(Some(Ok(chunk))),
            Some(0) => {
                self.too_large = true;
                Poll::Ready(Some(Err(PayloadError::Overflow)))
            }
            // the frames before it are heard
            Some(began) => {
                self.too_large = true;
                Poll::Ready(Some(Ok(chunk.slice(..began))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(length: usize) -> Vec<u8> {
        let mut frame = vec![0x81];
        match length {
            0..126 => frame.push(0x80 | u8::try_from(length).expect("short")),
            126..65_536 => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(length).expect("medium").to_be_bytes());
            }
            _ => {
                frame.push(0x80 | 127);
                frame.extend(u64::try_from(length).expect("long").to_be_bytes());
            }
        }
        frame.extend([1, 2, 3, 4]);
        frame.extend(std::iter::repeat_n(0x55, length));
        frame
    }

    proptest! {
        /// However the bytes are cut into chunks, the first frame over the limit is found, and no other.
        #[test]
        fn a_large_frame_is_found_wherever_the_cuts_are(
            lengths in proptest::collection::vec(prop_oneof![0..300usize, 65_530..65_540usize], 1..6),
            cut in 1..50usize,
        ) {
            const MAX: u64 = 65_535;
            let stream: Vec<u8> = lengths.iter().flat_map(|length| frame(*length)).collect();
            let large = lengths.iter().position(|length| *length > 65_535);
            let mut heads = Heads::default();
            let mut found = false;
            for chunk in stream.chunks(cut) {
                if heads.follow(chunk, MAX).is_some() {
                    found = true;
                    break;
                }
            }
            prop_assert_eq!(found, large.is_some());
        }
    }

    #[test]
    fn a_promise_of_too_much_is_found_before_its_payload() {
        let mut heads = Heads::default();
        let head = [0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 9, 9, 9, 9];
        assert_eq!(heads.follow(&head, 1_000), Some(0));
        let mut heads = Heads::default();
        let chunk = [frame(3), head.to_vec()].concat();
        assert_eq!(heads.follow(&chunk, 1_000), Some(9), "the frame before it is heard");
    }
}
