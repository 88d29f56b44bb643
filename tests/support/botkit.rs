//! A browser with Botkit's client in it: it keeps the cookie that it is given, and speaks the client's protocol.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::rest::{Answer, client};
use super::{House, PATIENCE, Value, json};

/// The browser: its cookie, and the label that its client made up.
pub struct BotkitBrowser {
    address: String,
    cookie: Option<String>,
    pub label: String,
}

/// One connection of its client.
pub struct BotkitLine {
    line: WebSocketStream<TcpStream>,
    label: String,
    early: VecDeque<Value>,
}

impl BotkitBrowser {
    /// A browser that was never here.
    pub fn new(house: &House, label: &str) -> BotkitBrowser {
        BotkitBrowser { address: house.address(), cookie: None, label: label.to_owned() }
    }

    fn keeps(&mut self, set: Option<&str>) {
        if let Some(set) = set {
            self.cookie = set.split(';').next().map(str::to_owned);
        }
    }

    /// Opens a socket at the root; the status when it is refused.
    pub async fn tries(&mut self, headers: &[(&'static str, &str)]) -> Result<BotkitLine, u16> {
        let mut request = format!("ws://{}/", self.address).into_client_request().expect("a sound address");
        let cookie = self.cookie.clone();
        let own = cookie.iter().map(|cookie| ("cookie", cookie.as_str()));
        for (name, value) in own.chain(headers.iter().copied()) {
            request.headers_mut().insert(name, HeaderValue::from_str(value).expect("a header's value"));
        }
        let stream = TcpStream::connect(&self.address).await.map_err(|_| 0u16)?;
        match timeout(PATIENCE, client_async(request, stream)).await.map_err(|_| 0u16)? {
            Ok((line, response)) => {
                self.keeps(response.headers().get("set-cookie").and_then(|value| value.to_str().ok()));
                Ok(BotkitLine { line, label: self.label.clone(), early: VecDeque::new() })
            }
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(_) => Err(0),
        }
    }

    /// Opens a socket and says the client's first word.
    pub async fn connects(&mut self, word: &str) -> BotkitLine {
        let mut line = self.tries(&[]).await.expect("a connection");
        line.sends(json!({"type": word, "user": self.label, "channel": "socket", "user_profile": null})).await;
        line
    }

    /// Posts JSON as the page would.
    pub async fn posts(&mut self, path: &str, body: Value) -> Answer {
        let mut request = client().build().expect("a client").post(format!("http://{}{path}", self.address));
        if let Some(cookie) = &self.cookie {
            request = request.header("Cookie", cookie);
        }
        let answer = Answer::to(request.header("Content-Type", "application/json").body(body.to_string())).await;
        let set = answer.header("set-cookie").to_owned();
        self.keeps(Some(set.as_str()).filter(|set| !set.is_empty()));
        answer
    }

    /// The history of a label, as the client asks for it: types and texts.
    pub async fn history(&mut self, label: &str) -> Vec<(String, String)> {
        let answer = self.posts("/botkit/history", json!({"user": label})).await.is(200);
        assert_eq!(answer.body["success"], true, "{answer}");
        let entries = answer.body["history"].as_array().expect("a list");
        let text = |entry: &Value, key: &str| entry[key].as_str().expect("a text").to_owned();
        entries.iter().map(|entry| (text(entry, "type"), text(entry, "text"))).collect()
    }
}

impl BotkitLine {
    pub async fn sends(&mut self, frame: Value) {
        self.sends_text(&frame.to_string()).await;
    }

    pub async fn sends_text(&mut self, text: &str) {
        self.line.send(Message::text(text)).await.expect("the line is open");
    }

    /// What is typed, as the client sends it.
    pub async fn says(&mut self, text: &str) {
        let frame = json!({"type": "message", "text": text, "user": self.label, "channel": "socket"});
        self.sends(frame).await;
    }

    /// The next object, or why there is none: the code with which the line was closed.
    pub async fn next(&mut self) -> Result<Value, Option<u16>> {
        if let Some(early) = self.early.pop_front() {
            return Ok(early);
        }
        loop {
            let heard = timeout(PATIENCE, self.line.next()).await.unwrap_or_else(|_| panic!("nothing came"));
            match heard {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).expect("JSON")),
                Some(Ok(Message::Close(frame))) => return Err(frame.map(|frame| u16::from(frame.code))),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// The next message that says this.
    pub async fn hears(&mut self, text: &str) -> Value {
        loop {
            let object = self.next().await.unwrap_or_else(|code| panic!("closed with {code:?} before \"{text}\" came"));
            if object["type"] == "message" && object["text"] == text {
                return object;
            }
        }
    }

    /// Everything that comes until this does.
    pub async fn hears_until(&mut self, text: &str) -> Vec<String> {
        let mut heard = Vec::new();
        loop {
            let object = self.next().await.unwrap_or_else(|code| panic!("closed with {code:?} before \"{text}\" came"));
            if object["type"] == "message" {
                heard.push(object["text"].as_str().unwrap_or_default().to_owned());
            }
            if heard.last().is_some_and(|last| last == text) {
                return heard;
            }
        }
    }

    /// The page is left: the browser says goodbye with 1001.
    pub async fn leaves(mut self) {
        let frame = CloseFrame { code: CloseCode::Away, reason: "".into() };
        self.line.close(Some(frame)).await.expect("the line is open");
        while timeout(Duration::from_secs(2), self.line.next()).await.is_ok_and(|heard| heard.is_some()) {}
    }

    /// The connection is cut, and nobody says goodbye.
    pub fn breaks_off(self) {
        drop(self);
    }
}
