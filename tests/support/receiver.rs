//! Somebody else's HTTP server: takes what is posted, answers as it is told to, and remembers everything.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{Value, until};

/// What somebody posted.
#[derive(Clone, Debug)]
pub struct Posted {
    pub path: String,
    /// By their names in small letters.
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Posted {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(String::as_str).unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

#[derive(Default)]
struct State {
    connections: usize,
    posted: Vec<Posted>,
    answers: VecDeque<String>,
    hangs: bool,
}

/// The server. It ends with its test.
pub struct Receiver {
    address: String,
    state: Arc<Mutex<State>>,
}

impl Receiver {
    /// Listens on a port of its own and answers everything with 204.
    pub async fn opens() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.lock().unwrap().connections += 1;
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        Receiver { address, state }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next answers, such as `500 Oops`, with header lines after it; then 204 again.
    pub fn answers(&self, heads: &[&str]) {
        self.state.lock().unwrap().answers.extend(heads.iter().map(|head| (*head).to_owned()));
    }

    /// From now on nothing is answered, or everything again.
    pub fn hangs(&self, hangs: bool) {
        self.state.lock().unwrap().hangs = hangs;
    }

    /// Everything that was posted so far.
    pub fn posted(&self) -> Vec<Posted> {
        self.state.lock().unwrap().posted.clone()
    }

    /// How often somebody connected.
    pub fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    /// Waits until so much was posted.
    pub async fn takes(&self, count: usize) -> Vec<Posted> {
        until("all was posted", || async { self.posted().len() >= count }).await;
        self.posted()
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let headers: HashMap<String, String> = lines
            .iter()
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        let path = lines.first()?.split(' ').nth(1)?.to_owned();
        let head = note(&state, Posted { path, headers, body });
        let Some(head) = head else { return std::future::pending().await };
        let answer = format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}

/// Remembers what was posted; what is to be answered, if anything.
fn note(state: &Mutex<State>, posted: Posted) -> Option<String> {
    let mut state = state.lock().unwrap();
    state.posted.push(posted);
    if state.hangs {
        return None;
    }
    Some(state.answers.pop_front().unwrap_or_else(|| "204 No Content".to_owned()))
}
