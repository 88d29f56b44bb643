//! Somebody's bot: an HTTP server that takes webhook calls and holds each until the test says what it answers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::{Value, until};

/// A call as it first came.
#[derive(Clone, Debug)]
pub struct Called {
    pub delivery: String,
    /// By their names in small letters.
    pub headers: HashMap<String, String>,
    pub body: Value,
}

impl Called {
    pub fn cid(&self) -> String {
        self.body["info"]["cid"].as_str().unwrap_or_default().to_owned()
    }

    pub fn name(&self) -> &str {
        self.body["packet"]["name"].as_str().unwrap_or_default()
    }
}

/// What is answered: a status and a body.
pub type Spoken = (u16, Vec<u8>);

#[derive(Default)]
struct State {
    /// Each delivery once, in the order in which they came.
    calls: Vec<Called>,
    /// How often each delivery came.
    tries: HashMap<String, usize>,
    /// Calls that wait for their answer.
    held: Vec<(String, oneshot::Sender<Spoken>)>,
    /// What further tries of a delivery are answered.
    standing: HashMap<String, Spoken>,
    /// What everything is answered, if nobody is to say.
    always: Option<Spoken>,
    files: HashMap<String, Vec<u8>>,
}

/// The bot's server. It ends with its test.
#[derive(Clone)]
pub struct WebhookBot {
    address: String,
    state: Arc<Mutex<State>>,
}

impl WebhookBot {
    pub async fn opens() -> WebhookBot {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let bot = WebhookBot { address: listener.local_addr().expect("an address").to_string(), state: Arc::default() };
        let state = bot.state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, state.clone()));
            }
        });
        bot
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// From now on everything is answered so.
    pub fn always_answers(&self, status: u16, body: &Value) {
        let spoken = (status, body.to_string().into_bytes());
        let mut state = self.state.lock().unwrap();
        for (_, waiting) in state.held.drain(..) {
            let _ = waiting.send(spoken.clone());
        }
        state.always = Some(spoken);
    }

    /// A file that can be fetched.
    pub fn has_file(&self, path: &str, bytes: Vec<u8>) {
        self.state.lock().unwrap().files.insert(path.to_owned(), bytes);
    }

    /// Every delivery that came, once.
    pub fn calls(&self) -> Vec<Called> {
        self.state.lock().unwrap().calls.clone()
    }

    /// How often a delivery came.
    pub fn tries(&self, delivery: &str) -> usize {
        self.state.lock().unwrap().tries.get(delivery).copied().unwrap_or(0)
    }

    /// The sessions whose calls wait for their answer, the oldest first.
    pub fn held(&self) -> Vec<Called> {
        let state = self.state.lock().unwrap();
        let of = |delivery: &String| state.calls.iter().find(|call| call.delivery == *delivery).cloned();
        state.held.iter().filter_map(|(delivery, _)| of(delivery)).collect()
    }

    /// Answers the oldest call that waits; further tries of it hear the same.
    pub async fn answers(&self, status: u16, body: Vec<u8>) {
        until("the bot was called", || async { !self.held().is_empty() }).await;
        let mut state = self.state.lock().unwrap();
        let (delivery, waiting) = state.held.remove(0);
        state.standing.insert(delivery, (status, body.clone()));
        let _ = waiting.send((status, body));
    }

    /// Never answers the oldest call that waits.
    pub async fn forgets(&self) {
        until("the bot was called", || async { !self.held().is_empty() }).await;
        let (_, waiting) = self.state.lock().unwrap().held.remove(0);
        std::mem::forget(waiting);
    }

    /// Waits until so many deliveries came.
    pub async fn hears(&self, count: usize) -> Vec<Called> {
        until("the bot heard all", || async { self.calls().len() >= count }).await;
        self.calls()
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let (path, headers, body) = read(&mut stream).await?;
        let file = state.lock().unwrap().files.get(&path).cloned();
        let (status, body) = match (file, headers.get("x-tertulia-delivery").cloned()) {
            (Some(file), _) => (200, file),
            (None, None) => (404, Vec::new()),
            (None, Some(delivery)) => match note(&state, delivery, headers, &body) {
                Ok(spoken) => spoken,
                Err(waiting) => waiting.await.ok()?,
            },
        };
        let head = format!("HTTP/1.1 {status} Said\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).await.ok()?;
        stream.write_all(&body).await.ok()?;
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<(String, HashMap<String, String>, Vec<u8>)> {
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
    let pairs = lines.iter().skip(1).filter_map(|line| line.split_once(':'));
    let headers: HashMap<String, String> =
        pairs.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((lines.first()?.split(' ').nth(1)?.to_owned(), headers, body))
}

/// Remembers a call; what is answered at once, or where the answer comes from.
fn note(
    state: &Mutex<State>,
    delivery: String,
    headers: HashMap<String, String>,
    body: &[u8],
) -> Result<Spoken, oneshot::Receiver<Spoken>> {
    let mut state = state.lock().unwrap();
    let tries = state.tries.entry(delivery.clone()).or_insert(0);
    *tries += 1;
    if *tries == 1 {
        let body = serde_json::from_slice(body).expect("calls are JSON");
        state.calls.push(Called { delivery: delivery.clone(), headers, body });
    }
    if let Some(spoken) = state.standing.get(&delivery).or(state.always.as_ref()).cloned() {
        return Ok(spoken);
    }
    let (answer, waiting) = oneshot::channel();
    state.held.retain(|(held, _)| *held != delivery);
    state.held.push((delivery, answer));
    Err(waiting)
}
