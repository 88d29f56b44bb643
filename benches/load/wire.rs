//! The few bytes of the WebSocket protocol that the clients need.

use anyhow::{Result, bail};
use serde::Deserialize;

/// A text frame.
pub const TEXT: u8 = 1;
/// A closing frame.
pub const CLOSE: u8 = 8;
/// A ping.
pub const PING: u8 = 9;
/// The answer to a ping.
pub const PONG: u8 = 10;

/// One frame as it lies in the read buffer.
pub struct Frame<'a> {
    /// What kind of frame.
    pub opcode: u8,
    /// Its content.
    pub payload: &'a [u8],
    /// Bytes that it takes on the wire.
    pub length: usize,
}

/// The frame at the start of `bytes`, when all of it is there.
pub fn first_frame(bytes: &[u8]) -> Result<Option<Frame<'_>>> {
    let &[first, second, ..] = bytes else { return Ok(None) };
    if first & 0x80 == 0 || second & 0x80 != 0 {
        bail!("the server sent a fragment or a masked frame");
    }
    let (head, size) = match (second, bytes) {
        (126, [_, _, a, b, ..]) => (4, usize::from(u16::from_be_bytes([*a, *b]))),
        (127, [_, _, a, b, c, d, e, f, g, h, ..]) => {
            (10, u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]) as usize)
        }
        (126 | 127, _) => return Ok(None),
        (size, _) => (2, usize::from(size)),
    };
    let length = head + size;
    Ok(bytes.get(head..length).map(|payload| Frame { opcode: first & 0x0f, payload, length }))
}

/// Appends a client's frame. The masking key is zero, which masks nothing and costs this side nothing; the server
/// cannot tell and does the same work.
pub fn push_frame(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    out.push(0x80 | opcode);
    match payload.len() {
        size @ 0..=125 => out.push(0x80 | size as u8),
        size @ 126..=0xffff => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(size as u16).to_be_bytes());
        }
        size => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(size as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(payload);
}

/// What a text frame of the server is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The first frame of a connection.
    Hello,
    /// A message of a thread: a delivery.
    Message,
    /// The answer to a command.
    Ack,
    /// A refusal.
    Error,
    /// The end of what was missed.
    Resumed,
    /// A thread that cannot be resumed.
    Resync,
    /// The server is about to close.
    Goodbye,
    /// Anything else.
    Other,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    message: std::borrow::Cow<'a, str>,
}

/// Tells the kind of a frame by its first bytes, and by parsing it only when the name does not come first.
pub fn kind(payload: &[u8]) -> Kind {
    const HEAD: &[u8] = br#"{"message":""#;
    let Some(rest) = payload.strip_prefix(HEAD) else {
        return serde_json::from_slice::<Envelope>(payload)
            .map_or(Kind::Other, |frame| named(frame.message.as_bytes()));
    };
    let end = rest.iter().position(|byte| *byte == b'"').unwrap_or(rest.len());
    named(&rest[..end])
}

fn named(name: &[u8]) -> Kind {
    match name {
        b"message_created_or_updated" => Kind::Message,
        b"ack" => Kind::Ack,
        b"error" => Kind::Error,
        b"hello" => Kind::Hello,
        b"resumed" => Kind::Resumed,
        b"resync" => Kind::Resync,
        b"goodbye" => Kind::Goodbye,
        _ => Kind::Other,
    }
}

/// What follows the first `needle` in `bytes`.
pub fn after<'a>(bytes: &'a [u8], needle: &[u8]) -> Option<&'a [u8]> {
    let at = bytes.windows(needle.len()).position(|window| window == needle)?;
    Some(&bytes[at + needle.len()..])
}
