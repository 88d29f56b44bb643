//! A small HTTP client: requests over kept-alive connections, answers read whole.

use crate::wire;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::spawn_local;

const CONNECTIONS: usize = 8;

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET` and so on.
    pub method: &'static str,
    /// Path and query.
    pub path: String,
    /// The `Authorization` header; none when empty.
    pub authorization: String,
    /// A JSON body.
    pub body: Option<Value>,
}

/// A connection that is used again and again.
pub struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    read: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, address, read: Vec::new() })
    }

    /// Sends a request; gives the status and the body.
    pub async fn ask(&mut self, request: &Request) -> Result<(u16, Vec<u8>)> {
        let body = request.body.as_ref().map(Value::to_string).unwrap_or_default();
        let mut head = format!("{} {} HTTP/1.1\r\nHost: {}\r\n", request.method, request.path, self.address);
        if !request.authorization.is_empty() {
            head += &format!("Authorization: {}\r\n", request.authorization);
        }
        if request.body.is_some() {
            head += "Content-Type: application/json\r\n";
        }
        let whole = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        self.stream.write_all(whole.as_bytes()).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> Result<(u16, Vec<u8>)> {
        let head = self.take_until(b"\r\n\r\n").await?;
        let head = String::from_utf8(head)?.to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).context("no status")?;
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let body = if let Some(length) = field("content-length:") {
            self.take(length.parse()?).await?
        } else if field("transfer-encoding:") == Some("chunked") {
            self.take_chunks().await?
        } else {
            Vec::new()
        };
        Ok((status, body))
    }

    async fn take_chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = String::from_utf8(self.take_until(b"\r\n").await?)?;
            let size = usize::from_str_radix(line.trim(), 16)?;
            body.extend(self.take(size).await?);
            self.take(2).await?;
            if size == 0 {
                return Ok(body);
            }
        }
    }

    /// The bytes up to and with `end`.
    async fn take_until(&mut self, end: &[u8]) -> Result<Vec<u8>> {
        loop {
            if let Some(rest) = wire::after(&self.read, end) {
                let rest = rest.to_vec();
                let mut taken = std::mem::replace(&mut self.read, rest);
                taken.truncate(taken.len() - self.read.len());
                return Ok(taken);
            }
            self.more().await?;
        }
    }

    async fn take(&mut self, size: usize) -> Result<Vec<u8>> {
        while self.read.len() < size {
            self.more().await?;
        }
        let rest = self.read.split_off(size);
        Ok(std::mem::replace(&mut self.read, rest))
    }

    async fn more(&mut self) -> Result<()> {
        self.read.reserve(16 * 1024);
        ensure!(self.stream.read_buf(&mut self.read).await? > 0, "the server closed the connection");
        Ok(())
    }
}

/// Asks for all, several at a time; any status but 2xx is an error. The answers stand in the order of the requests.
pub async fn ask_all(address: SocketAddr, requests: Vec<Request>) -> Result<Vec<Value>> {
    let answers = Rc::new(RefCell::new(vec![Value::Null; requests.len()]));
    let waiting: Rc<RefCell<VecDeque<_>>> = Rc::new(RefCell::new(requests.into_iter().enumerate().collect()));
    let mut workers = Vec::new();
    for _ in 0..CONNECTIONS.min(waiting.borrow().len()) {
        workers.push(spawn_local(work(address, Rc::clone(&waiting), Rc::clone(&answers))));
    }
    for worker in workers {
        worker.await??;
    }
    Ok(answers.take())
}

async fn work(
    address: SocketAddr,
    waiting: Rc<RefCell<VecDeque<(usize, Request)>>>,
    answers: Rc<RefCell<Vec<Value>>>,
) -> Result<()> {
    let mut connection = Connection::open(address).await?;
    loop {
        let next = waiting.borrow_mut().pop_front();
        let Some((place, request)) = next else { return Ok(()) };
        let (status, body) = connection.ask(&request).await?;
        if !(200..300).contains(&status) {
            bail!("{} {} answered {status}: {}", request.method, request.path, String::from_utf8_lossy(&body));
        }
        if !body.is_empty() {
            answers.borrow_mut()[place] = serde_json::from_slice(&body)?;
        }
    }
}
