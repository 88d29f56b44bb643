//! One live connection of a person: says, hears, is refused, resumes.

use std::collections::{BTreeMap, VecDeque};

use futures_util::{SinkExt, StreamExt};
use tokio::{net::TcpStream, sync::mpsc, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue},
};

use super::{Key, PATIENCE, Person, Value, json, person::text_of};

/// What came out of the line.
enum Heard {
    Frame(Value),
    Closed(Option<(u16, String)>),
}

/// An error frame: why something was refused.
#[derive(Debug)]
pub struct Refusal {
    pub code: String,
    pub fields: Value,
}

/// A WebSocket and what came out of it that nobody has looked at yet.
pub struct Socket {
    pub name: String,
    /// The data of the `hello` frame.
    pub hello: Value,
    speak: mpsc::UnboundedSender<Message>,
    listen: mpsc::UnboundedReceiver<Heard>,
    waiting: VecDeque<Value>,
    closed: Option<Option<(u16, String)>>,
    counter: u64,
}

impl Socket {
    /// Opens a socket at `path` with the person's key and more headers; the HTTP status when it is refused, 0 when nobody answers.
    pub async fn connect(person: &Person, path: &str, headers: &[(&'static str, &str)]) -> Result<Socket, u16> {
        let address = person.origin.trim_start_matches("http://");
        let mut request = format!("ws://{address}{path}").into_client_request().expect("a sound address");
        let own = match &person.key {
            Key::Nothing => None,
            Key::Header(value) => Some(("authorization", value.clone())),
            Key::Cookie { session, .. } => Some(("cookie", format!("tertulia_session={session}"))),
        };
        let more = headers.iter().map(|(name, value)| (*name, (*value).to_owned()));
        for (name, value) in own.into_iter().chain(more) {
            request.headers_mut().insert(name, HeaderValue::from_bytes(value.as_bytes()).expect("a header's value"));
        }
        let stream = TcpStream::connect(address).await.map_err(|_| 0u16)?;
        let shake = timeout(PATIENCE, client_async(request, stream)).await.map_err(|_| 0u16)?;
        match shake {
            Ok((line, _)) => Socket::greeted(&person.name, line).await.ok_or(0),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(_) => Err(0),
        }
    }

    async fn greeted(name: &str, line: WebSocketStream<TcpStream>) -> Option<Socket> {
        let (speak, words) = mpsc::unbounded_channel();
        let (ears, listen) = mpsc::unbounded_channel();
        tokio::spawn(carry(line, words, ears));
        let (waiting, name) = (VecDeque::new(), name.to_owned());
        let mut socket = Socket { name, hello: Value::Null, speak, listen, waiting, closed: None, counter: 0 };
        socket.hello = socket.listens(|frame| frame["message"] == "hello").await?["data"].clone();
        Some(socket)
    }

    /// Sends a frame and waits for nothing.
    pub fn sends(&self, frame: &Value) {
        self.sends_text(&frame.to_string());
    }

    /// Sends any text.
    pub fn sends_text(&self, text: &str) {
        // A socket that is gone is noticed by whoever waits for the answer.
        let _ = self.speak.send(Message::text(text));
    }

    /// An id for a frame that no other frame of this socket has.
    pub fn next_id(&mut self) -> String {
        self.counter += 1;
        format!("{}-{}", self.name, self.counter)
    }

    /// The next frame that fits, leaving the others for later; None when the line is closed or silent for too long.
    pub async fn listens(&mut self, fits: impl Fn(&Value) -> bool) -> Option<Value> {
        if let Some(at) = self.waiting.iter().position(&fits) {
            return self.waiting.remove(at);
        }
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while self.closed.is_none() {
            match tokio::time::timeout_at(deadline, self.listen.recv()).await {
                Ok(Some(Heard::Frame(frame))) if fits(&frame) => return Some(frame),
                Ok(Some(Heard::Frame(frame))) => self.waiting.push_back(frame),
                Ok(Some(Heard::Closed(why))) => self.closed = Some(why),
                Ok(None) => self.closed = Some(None),
                Err(_) => return None,
            }
        }
        None
    }

    /// The next frame if one comes within `wait`: `Ok(None)` when the line is closed, an error when it is only silent.
    pub async fn next_within(
        &mut self,
        wait: std::time::Duration,
    ) -> Result<Option<Value>, tokio::time::error::Elapsed> {
        match timeout(wait, self.listens(|_| true)).await {
            Ok(frame) => Ok(frame),
            Err(_) if self.closed.is_some() => Ok(None),
            Err(silent) => Err(silent),
        }
    }

    /// The next frame named `name` whose data fits.
    pub async fn hears(&mut self, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let frame = self.listens(|frame| frame["message"] == name && fits(&frame["data"])).await;
        match frame {
            Some(mut frame) => frame["data"].take(),
            None => panic!(
                "{} waited in vain for {name}; came instead: {:?}; closed: {:?}",
                self.name, self.waiting, self.closed
            ),
        }
    }

    /// The next message with this text.
    pub async fn hears_text(&mut self, text: &str) -> Value {
        self.hears("message_created_or_updated", |data| text_of(data) == text).await
    }

    /// The frames that a person would notice, come so far and not looked at yet.
    ///
    /// A ping that must come back first stands in for waiting: what was sent before it has arrived before it.
    pub async fn gathers(&mut self) -> Vec<Value> {
        self.pings().await;
        let noticed = |frame: &Value| {
            matches!(frame["message"].as_str(), Some("message_created_or_updated" | "thread_someone_is_writing"))
        };
        std::mem::take(&mut self.waiting).into_iter().filter(noticed).collect()
    }

    /// Everything that has come and was not looked at yet.
    pub fn takes_all(&mut self) -> Vec<Value> {
        while let Ok(heard) = self.listen.try_recv() {
            match heard {
                Heard::Frame(frame) => self.waiting.push_back(frame),
                Heard::Closed(why) => self.closed = Some(why),
            }
        }
        std::mem::take(&mut self.waiting).into()
    }

    /// Nothing came that a person would notice.
    pub async fn hears_nothing(&mut self) {
        let gathered = self.gathers().await;
        assert!(gathered.is_empty(), "{} heard what was not meant to be heard: {gathered:?}", self.name);
    }

    /// There and back.
    pub async fn pings(&mut self) {
        let id = self.next_id();
        self.sends(&json!({"message": "ping", "id": id}));
        let pong = self.listens(|frame| frame["id"] == *id).await;
        assert!(pong.is_some(), "no pong for {}; closed: {:?}", self.name, self.closed);
    }

    /// Sends a command and waits for its `ack` or `error`; None when the line broke first.
    pub async fn tries(&mut self, command: &str, data: Value) -> Option<Result<Value, Refusal>> {
        let id = self.next_id();
        self.sends(&json!({"message": command, "data": data, "id": id}));
        let mut answer = self.listens(|frame| frame["id"] == *id).await?;
        let mut data = answer["data"].take();
        Some(if answer["message"] == "error" {
            Err(Refusal { code: data["code"].as_str().unwrap_or_default().to_owned(), fields: data["fields"].take() })
        } else {
            Ok(data)
        })
    }

    /// Sends a command that must be accepted, and gets the data of its `ack`.
    pub async fn does(&mut self, command: &str, data: Value) -> Value {
        match self.tries(command, data).await {
            Some(Ok(data)) => data,
            other => panic!("{command} of {} was not accepted: {other:?}; closed: {:?}", self.name, self.closed),
        }
    }

    /// Sends a command that must be refused with this code, and gets the refusal.
    pub async fn is_refused(&mut self, code: &str, command: &str, data: Value) -> Refusal {
        match self.tries(command, data).await {
            Some(Err(refusal)) if refusal.code == code => refusal,
            other => panic!("{command} of {} should be refused with {code}: {other:?}", self.name),
        }
    }

    /// Says something in a thread and gets the stored message.
    pub async fn says(&mut self, thread: i64, text: &str) -> Value {
        let client_id = format!("c-{}-{text}", self.next_id());
        let client_id: String = client_id.chars().take(64).collect();
        self.does("send_message", json!({"thread": thread, "text": text, "client_id": client_id})).await["message"]
            .take()
    }

    /// Takes up where an earlier connection stopped: all frames up to and with `resumed`.
    pub async fn resumes(&mut self, log: &str, revs: &BTreeMap<i64, i64>) -> Vec<Value> {
        let threads: BTreeMap<String, i64> = revs.iter().map(|(thread, rev)| (thread.to_string(), *rev)).collect();
        self.sends(&json!({"message": "resume", "data": {"log": log, "threads": threads}}));
        let mut frames = Vec::new();
        loop {
            let frame = self.listens(|_| true).await;
            let frame =
                frame.unwrap_or_else(|| panic!("{} was never told `resumed`; closed: {:?}", self.name, self.closed));
            let last = frame["message"] == "resumed";
            frames.push(frame);
            if last {
                return frames;
            }
        }
    }

    /// The id of the history that revs belong to.
    pub fn log_id(&self) -> String {
        self.hello["log"].as_str().expect("hello tells the log id").to_owned()
    }

    /// Waits until the line is closed: the code and reason, or None when it just broke.
    pub async fn is_closed(&mut self) -> Option<(u16, String)> {
        while self.closed.is_none() {
            let open = self.listens(|_| false).await.is_none() && self.closed.is_none();
            assert!(!open, "the socket of {} stays open", self.name);
        }
        self.closed.clone().flatten()
    }

    /// Hangs up politely.
    pub fn leaves(self) {
        let _ = self.speak.send(Message::Close(None));
    }
}

/// Carries words both ways until the line ends or the socket is dropped.
async fn carry(
    line: WebSocketStream<TcpStream>,
    mut words: mpsc::UnboundedReceiver<Message>,
    ears: mpsc::UnboundedSender<Heard>,
) {
    let (mut sink, mut stream) = line.split();
    loop {
        tokio::select! {
            word = words.recv() => match word {
                Some(word) => if sink.send(word).await.is_err() { break },
                None => return,
            },
            heard = stream.next() => match heard {
                Some(Ok(Message::Text(text))) => {
                    let frame = serde_json::from_str(&text).expect("the server speaks JSON");
                    let _ = ears.send(Heard::Frame(frame));
                }
                Some(Ok(Message::Close(frame))) => {
                    let why = frame.map(|frame| (u16::from(frame.code), frame.reason.to_string()));
                    let _ = ears.send(Heard::Closed(why));
                    let _ = sink.close().await;
                    return;
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            },
        }
    }
    let _ = ears.send(Heard::Closed(None));
}
