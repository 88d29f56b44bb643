//! One WebSocket connection of a client, made to be cheap: a read buffer shared by all connections of the thread,
//! and frames looked at where they lie.

use crate::wire::{self, CLOSE, PING, PONG, TEXT};
use anyhow::{Context as _, Result, bail, ensure};
use std::cell::RefCell;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

const BUFFER: usize = 256 * 1024;

thread_local! {
    static SHARED: RefCell<Vec<u8>> = RefCell::new(vec![0; BUFFER]);
}

/// Where a client connects, as whom, and the thread it speaks in.
#[derive(Clone, Debug)]
pub struct Seat {
    /// The server.
    pub address: SocketAddr,
    /// Path and query of the WebSocket.
    pub path: String,
    /// The `Authorization` header.
    pub authorization: String,
    /// The thread.
    pub thread: u64,
}

/// An open connection.
pub struct Link {
    stream: TcpStream,
    /// Bytes read that are not a whole frame yet.
    rest: Vec<u8>,
    /// Frames to be written.
    pub out: Vec<u8>,
    /// Whether `rest` came with the handshake and has not been looked at.
    fresh: bool,
}

impl Link {
    /// Connects and shakes hands.
    pub async fn open(seat: &Seat) -> Result<Self> {
        let mut stream = TcpStream::connect(seat.address).await.context("connect")?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: {}\r\n\r\n",
            seat.path, seat.address, seat.authorization
        );
        stream.write_all(request.as_bytes()).await?;
        let rest = accepted(&mut stream).await?;
        Ok(Self { stream, fresh: !rest.is_empty(), rest, out: Vec::new() })
    }

    /// Appends a text frame to what `flush` writes.
    pub fn queue(&mut self, text: &str) {
        wire::push_frame(&mut self.out, TEXT, text.as_bytes());
    }

    /// Writes all that is queued. May be dropped while it waits: what was written is gone from the queue.
    pub async fn flush(&mut self) -> Result<()> {
        while !self.out.is_empty() {
            let written = self.stream.write(&self.out).await?;
            self.out.drain(..written);
        }
        Ok(())
    }

    /// Waits for bytes, hands every whole text frame to `each`, answers pings, and writes what `each` appended.
    /// May be dropped while it waits.
    pub async fn receive(&mut self, mut each: impl FnMut(&[u8], &mut Vec<u8>)) -> Result<()> {
        if std::mem::take(&mut self.fresh) {
            let held = std::mem::take(&mut self.rest);
            self.dispatch(&held, &mut each)?;
        } else {
            poll_fn(|cx| SHARED.with_borrow_mut(|buffer| self.poll_read(cx, buffer, &mut each))).await?;
        }
        self.flush().await
    }

    /// One read. It goes through `AsyncRead`, which spares the second read that would only say "nothing left".
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        each: &mut impl FnMut(&[u8], &mut Vec<u8>),
    ) -> Poll<Result<()>> {
        let held = self.rest.len();
        if held >= buffer.len() {
            return Poll::Ready(Err(anyhow::anyhow!("a frame longer than {BUFFER} bytes")));
        }
        let mut window = ReadBuf::new(&mut buffer[held..]);
        match Pin::new(&mut self.stream).poll_read(cx, &mut window) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error.into())),
            Poll::Ready(Ok(())) => {}
        }
        let read = window.filled().len();
        if read == 0 {
            return Poll::Ready(Err(anyhow::anyhow!("the server closed the connection")));
        }
        buffer[..held].copy_from_slice(&self.rest);
        self.rest.clear();
        Poll::Ready(self.dispatch(&buffer[..held + read], each))
    }

    fn dispatch(&mut self, mut bytes: &[u8], each: &mut impl FnMut(&[u8], &mut Vec<u8>)) -> Result<()> {
        while let Some(frame) = wire::first_frame(bytes)? {
            match frame.opcode {
                TEXT => each(frame.payload, &mut self.out),
                PING => wire::push_frame(&mut self.out, PONG, frame.payload),
                CLOSE => bail!("the server closed with code {}", close_code(frame.payload)),
                _ => {}
            }
            bytes = &bytes[frame.length..];
        }
        self.rest.extend_from_slice(bytes);
        Ok(())
    }
}

fn close_code(payload: &[u8]) -> u16 {
    payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code))
}

/// Reads the answer to the handshake; what came after its head is returned.
async fn accepted(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut head = Vec::with_capacity(512);
    loop {
        ensure!(stream.read_buf(&mut head).await? > 0, "closed during the handshake");
        if let Some(rest) = wire::after(&head, b"\r\n\r\n") {
            ensure!(head.starts_with(b"HTTP/1.1 101"), "handshake refused: {}", String::from_utf8_lossy(&head));
            return Ok(rest.to_vec());
        }
        ensure!(head.len() < 16 * 1024, "endless handshake");
    }
}
