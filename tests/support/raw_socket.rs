//! A WebSocket without a library: bytes as one likes, for what no well-behaved client would send.

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{PATIENCE, Person};

/// Opcodes of RFC 6455.
pub mod opcode {
    pub const CONTINUATION: u8 = 0;
    pub const TEXT: u8 = 1;
    pub const BINARY: u8 = 2;
    pub const CLOSE: u8 = 8;
    pub const PING: u8 = 9;
    pub const PONG: u8 = 10;
}

/// The bit that says that a frame is the last of its message.
pub const FIN: u8 = 0x80;

/// A frame that the server sent.
#[derive(Debug, PartialEq)]
pub struct Frame {
    pub first: u8,
    pub payload: Vec<u8>,
}

impl Frame {
    pub fn opcode(&self) -> u8 {
        self.first & 0x0F
    }

    /// The code of a close frame; 1005 when there is none.
    pub fn close_code(&self) -> u16 {
        match self.payload.as_slice() {
            [high, low, ..] => u16::from_be_bytes([*high, *low]),
            _ => 1005,
        }
    }
}

/// A bare TCP connection to the server.
pub struct RawSocket {
    stream: TcpStream,
    read: Vec<u8>,
}

impl RawSocket {
    /// Connects and says nothing yet.
    pub async fn dials(person: &Person) -> RawSocket {
        let stream = TcpStream::connect(person.origin.trim_start_matches("http://")).await.expect("the server accepts");
        RawSocket::over(stream)
    }

    /// Speaks over a stream that was made elsewhere.
    pub fn over(stream: TcpStream) -> RawSocket {
        RawSocket { stream, read: Vec::new() }
    }

    /// Connects, shakes hands and hears the greeting.
    pub async fn opens(person: &Person) -> RawSocket {
        let mut socket = RawSocket::dials(person).await;
        socket.shakes_hands(person).await;
        socket
    }

    /// Shakes hands as a sound client does, and hears the greeting.
    pub async fn shakes_hands(&mut self, person: &Person) {
        self.writes(handshake(person).as_bytes()).await;
        let head = self.reads_head().await;
        assert!(head.starts_with("HTTP/1.1 101"), "no handshake: {head}");
        let hello = self.frame().await.expect("a greeting");
        assert!(String::from_utf8_lossy(&hello.payload).contains("\"hello\""), "{hello:?}");
    }

    /// Sends bytes; a server that has closed already is noticed when reading.
    pub async fn writes(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// Says that nothing more will come from here.
    pub async fn half_closes(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// The head of an HTTP answer; empty when the line is closed without one.
    pub async fn reads_head(&mut self) -> String {
        loop {
            if let Some(end) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                let rest = self.read.split_off(end + 4);
                let head = std::mem::replace(&mut self.read, rest);
                return String::from_utf8_lossy(&head).into_owned();
            }
            if !self.reads_more().await {
                return String::from_utf8_lossy(&self.read).into_owned();
            }
        }
    }

    /// The next frame; none when the line is closed.
    pub async fn frame(&mut self) -> Option<Frame> {
        loop {
            if let Some((frame, length)) = parse(&self.read) {
                self.read.drain(..length);
                return Some(frame);
            }
            if !self.reads_more().await {
                return None;
            }
        }
    }

    /// The next text frame as text; none when the line is closed or a close frame comes.
    pub async fn text(&mut self) -> Option<String> {
        loop {
            let frame = self.frame().await?;
            match frame.opcode() {
                opcode::TEXT => return Some(String::from_utf8_lossy(&frame.payload).into_owned()),
                opcode::CLOSE => return None,
                _ => {}
            }
        }
    }

    async fn reads_more(&mut self) -> bool {
        let mut piece = [0; 16 * 1024];
        let read = timeout(PATIENCE, self.stream.read(&mut piece)).await;
        let length = read.expect("the server neither speaks nor closes").unwrap_or(0);
        self.read.extend_from_slice(&piece[..length]);
        length > 0
    }
}

/// A sound request to upgrade, with the person's key.
pub fn handshake(person: &Person) -> String {
    let host = person.origin.trim_start_matches("http://");
    let key = STANDARD.encode([7u8; 16]);
    format!(
        "GET /ws HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nAuthorization: Token {}\r\n\r\n",
        person.token()
    )
}

/// A masked frame, as clients must send them.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = head(first, payload.len(), true);
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// A frame without a mask, as only servers may send them.
pub fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    [head(first, payload.len(), false), payload.to_vec()].concat()
}

/// The head of a frame in its shortest form.
pub fn head(first: u8, length: usize, masked: bool) -> Vec<u8> {
    let bit = if masked { 0x80 } else { 0 };
    match length {
        0..=125 => vec![first, bit | length as u8],
        126..=65_535 => [vec![first, bit | 126], (length as u16).to_be_bytes().to_vec()].concat(),
        _ => [vec![first, bit | 127], (length as u64).to_be_bytes().to_vec()].concat(),
    }
}

/// A server's frame at the start of `bytes`, and how long it is.
fn parse(bytes: &[u8]) -> Option<(Frame, usize)> {
    let (&first, &second) = (bytes.first()?, bytes.get(1)?);
    assert_eq!(second & 0x80, 0, "a server must not mask");
    let (start, length) = match second {
        126 => (4, u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?) as usize),
        127 => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?) as usize),
        length => (2, length as usize),
    };
    let payload = bytes.get(start..start + length)?.to_vec();
    Some((Frame { first, payload }, start + length))
}
