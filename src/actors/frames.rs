//! Finished WebSocket frames. Server frames are not masked, so a frame is the same bytes for everybody who gets it.

use std::fmt::Write;

use bytes::{BufMut, Bytes, BytesMut};
use serde_json::json;

use super::told::{Around, Last, OwnPart};
use crate::domain::account::AccountView;
use crate::domain::unread::Spans;
use crate::domain::view::{self, Viewed};
use crate::domain::{Message, Seq, ThreadId};

/// The first byte of a whole text frame (RFC 6455, 5.2).
const TEXT: u8 = 0x81;

/// `payload` as a whole text frame.
pub fn text_frame(payload: &str) -> Bytes {
    let length = payload.len();
    let mut frame = BytesMut::with_capacity(length + 10);
    frame.put_u8(TEXT);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short < 126 => frame.put_u8(short),
        (_, Ok(medium)) => {
            frame.put_u8(126);
            frame.put_u16(medium);
        }
        _ => {
            frame.put_u8(127);
            // a length in memory always fits into 64 bits
            frame.put_u64(u64::try_from(length).unwrap_or(u64::MAX));
        }
    }
    frame.put_slice(payload.as_bytes());
    frame.freeze()
}

/// A frame of that name; the name comes first, so that a client may look at the head only.
pub fn named_frame(message: &str, data: &serde_json::Value) -> Bytes {
    text_frame(&format!("{{\"message\":\"{message}\",\"data\":{data}}}"))
}

/// A ping without payload.
pub(super) const PING: Bytes = Bytes::from_static(&[0x89, 0x00]);

/// How a viewer sees the last message.
pub(super) fn viewed_last(last: Option<&Last>, viewer: i64, unread: &Spans) -> Viewed {
    match last {
        Some(last) => {
            Viewed { is_read: !unread.contains(last.message.seq), is_own: last.message.sender == Some(viewer) }
        }
        None => Viewed { is_read: true, is_own: false },
    }
}

fn push_thread_object(out: &mut String, around: &Around, own: &OwnPart) {
    let last = around.lasts.get(own.view).and_then(Option::as_ref);
    let last = last.map(|last| view::Last { message: &last.message, shared: &last.shared, viewed: own.last });
    view::push_thread(out, &around.thread, &own.seat, own.unread, own.read_upto, last.as_ref());
}

/// `message_created_or_updated` for one own part (contract, 15.3).
pub(super) fn message_frame(message: &Message, shared: &str, around: &Around, own: &OwnPart) -> Bytes {
    let mut payload = String::with_capacity(2 * shared.len() + around.thread.len() + own.seat.len() + 256);
    payload.push_str("{\"message\":\"message_created_or_updated\",\"data\":{");
    payload.push_str(shared);
    view::push_viewed(&mut payload, message, own.message);
    payload.push_str(",\"thread_data\":");
    push_thread_object(&mut payload, around, own);
    payload.push_str("}}");
    text_frame(&payload)
}

/// `thread_updated` for one own part (design, part 6).
pub(super) fn thread_frame(around: &Around, own: &OwnPart) -> Bytes {
    let mut payload = String::with_capacity(around.thread.len() + own.seat.len() + 512);
    payload.push_str("{\"message\":\"thread_updated\",\"data\":");
    push_thread_object(&mut payload, around, own);
    payload.push('}');
    text_frame(&payload)
}

/// `thread_updated` for somebody who is no longer in the thread.
pub(super) fn removed_frame(thread: ThreadId, rev: i64) -> Bytes {
    let data = json!({"id": thread, "removed": true, "rev": rev});
    named_frame("thread_updated", &data)
}

/// `unread_updated`.
pub(super) fn unread_frame(thread: ThreadId, unread: i64, read_upto: Seq) -> Bytes {
    let mut payload = String::with_capacity(96);
    let _ = write!(
        payload,
        "{{\"message\":\"unread_updated\",\"data\":{{\"thread\":{thread},\"unread\":{unread},\"read_upto\":{read_upto}}}}}"
    );
    text_frame(&payload)
}

/// `thread_someone_is_writing`.
pub(super) fn writing_frame(thread: ThreadId, length: i64, sender: &AccountView) -> Bytes {
    let data = json!({"thread": thread, "length": length, "sender_data": sender});
    named_frame("thread_someone_is_writing", &data)
}

/// `presence_updated`.
pub(super) fn presence_frame(account: i64, online: bool) -> Bytes {
    named_frame("presence_updated", &json!({"account": account, "online": online}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_tells_the_length_in_the_shortest_way() {
        let table = [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)];
        for (length, head) in table {
            assert_eq!(text_frame(&"x".repeat(length)).len(), length + head, "{length}");
        }
        assert_eq!(text_frame("hi").as_ref(), [0x81, 2, b'h', b'i']);
    }
}
