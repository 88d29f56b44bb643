//! The door `socketio`: the transcripts of the contract, sessions, tokens, and the clients of both generations themselves.

use std::collections::HashMap;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::rasa_doors::{house_with, vectors};
use crate::support::{Answer, House, PATIENCE, Value, json, rest};

type Wire = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// One client that follows a transcript.
struct Client<'a> {
    house: &'a House,
    values: HashMap<String, String>,
    wire: Option<Wire>,
    pending: Option<tokio::task::JoinHandle<Answer>>,
    /// Packets that came by polling and were not looked at.
    packets: Vec<String>,
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

impl Client<'_> {
    fn of(house: &House) -> Client<'_> {
        Client { house, values: HashMap::new(), wire: None, pending: None, packets: Vec::new() }
    }

    fn filled(&self, text: &str) -> String {
        let filled = self.values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
        match filled.split_once("{len}:") {
            Some((before, packet)) => format!("{before}{}:{packet}", units(packet)),
            None => filled,
        }
    }

    /// Compares, and learns what the server made.
    fn fits(&mut self, expected: &str, found: &str, name: &Value) {
        let (mut found, mut expected) = (found, expected);
        if let (Some(packet), Some((length, rest))) = (expected.strip_prefix("{len}:"), found.split_once(':')) {
            // the length is that of what the server made
            assert_eq!(length.parse(), Ok(units(rest)), "{name}: {found}");
            (found, expected) = (rest, packet);
        }
        let mut expected = self.filled(expected);
        for placeholder in ["{sid}", "{sio_sid}", "{session}", "{issued}"] {
            if let Some((before, after)) = expected.clone().split_once(placeholder) {
                let end = after.chars().next().unwrap_or('"');
                let value = found.get(before.len()..).and_then(|rest| rest.split(end).next()).unwrap_or_default();
                self.values.insert(placeholder.to_owned(), value.to_owned());
                expected = self.filled(&expected);
            }
        }
        assert_eq!(found, expected, "{name}");
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{}", self.house.origin(), self.filled(path));
        rest::client().build().expect("a client").request(method.parse().expect("a method"), url)
    }

    async fn polls(&mut self, step: &Value, name: &Value) {
        let (method, path) = match step.get("GET") {
            Some(path) => ("GET", path),
            None => ("POST", &step["POST"]),
        };
        let path = path.as_str().expect("a path");
        let version = if path.contains("EIO=3") { 3 } else { 4 };
        if let (Some(body), true) = (step["body"].as_str(), method == "GET") {
            for expected in split(version, body) {
                if self.packets.is_empty() {
                    let answer = Answer::to(self.request("GET", path)).await.is(200);
                    assert_eq!(answer.header("content-type"), "text/plain; charset=UTF-8", "{name}");
                    self.packets = split(version, &answer.text());
                }
                let found = self.packets.remove(0);
                self.fits(&expected, &found, name);
            }
            return;
        }
        let mut request = self.request(method, path);
        if let Some(kind) = step["content_type_sent"].as_str() {
            request = request.header("content-type", kind);
        }
        let answer = Answer::to(request.body(self.filled(step["send"].as_str().unwrap_or_default()))).await;
        assert_eq!(u64::from(answer.status), step["status"].as_u64().expect("a status"), "{name}: {answer}");
        if let Some(json) = step.get("json") {
            assert_eq!(answer.body, *json, "{name}");
        }
        if let Some(body) = step["body"].as_str() {
            assert_eq!(answer.text(), body, "{name}");
            assert_eq!(answer.header("content-type"), step["content_type"], "{name}");
        }
    }

    async fn dials(&mut self, path: &str) {
        let url = format!("ws://{}{}", self.house.address(), self.filled(path));
        self.wire = Some(connect_async(url).await.expect("a WebSocket").0);
    }

    async fn hears(&mut self) -> Option<String> {
        let wire = self.wire.as_mut().expect("a WebSocket");
        loop {
            match tokio::time::timeout(PATIENCE, wire.next()).await.expect("something in time") {
                Some(Ok(Message::Text(text))) => return Some(text.to_string()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    async fn sends(&mut self, text: &str) {
        let text = self.filled(text);
        self.wire.as_mut().expect("a WebSocket").send(Message::text(text)).await.expect("sent");
    }

    async fn follows(&mut self, step: &Value, name: &Value) {
        if step.get("GET").is_some() || step.get("POST").is_some() {
            self.polls(step, name).await;
        } else if let Some(path) = step["WS"].as_str() {
            self.dials(path).await;
        } else if let Some(text) = step["send"].as_str() {
            self.sends(text).await;
        } else if let Some(text) = step["recv"].as_str() {
            let found = self.hears().await.unwrap_or_else(|| panic!("{name}: closed instead of {text}"));
            self.fits(text, &found, name);
        } else if let Some(path) = step["GET_pending"].as_str() {
            let request = self.request("GET", path);
            self.pending = Some(tokio::spawn(Answer::to(request)));
            // no need to wait: whether it comes before the probe or after, the probe ends it
        } else if let Some(body) = step["pending_body"].as_str() {
            let answer = self.pending.take().expect("a call that waits").await.expect("an answer");
            assert_eq!(answer.text(), body, "{name}");
        } else if let Some(millis) = step["advance_ms"].as_u64() {
            let forward = json!({"forward": format!("{millis}ms")});
            self.house.host().await.post("/api/admin/clock", forward).await.is(200);
        } else if step["closed"] == true {
            while self.hears().await.is_some() {}
        } else {
            panic!("{name}: what is {step}?");
        }
    }
}

/// The packets of a polling body.
fn split(version: u8, body: &str) -> Vec<String> {
    if version == 4 {
        return body.split('\u{1e}').map(str::to_owned).collect();
    }
    if body.starts_with("{len}") {
        return vec![body.to_owned()];
    }
    let (mut found, mut rest) = (Vec::new(), body);
    while let Some((length, after)) = rest.split_once(':') {
        let length: usize = length.parse().expect("a length");
        let taken = String::from_utf16(&after.encode_utf16().take(length).collect::<Vec<_>>()).expect("whole");
        rest = &after[taken.len()..];
        found.push(format!("{length}:{taken}"));
    }
    found
}

/// A bot of flesh and blood: says what the transcript wants when somebody said something.
async fn plays_the_bot(house: &House, says: &str) -> tokio::task::JoinHandle<()> {
    let bot = house.operator("roberta");
    let mut socket = bot.opens().await;
    let says = says.to_owned();
    tokio::spawn(async move {
        let heard = socket.hears_text("hello").await;
        let thread = heard["thread"].as_i64().expect("a thread");
        socket.says(thread, &says).await;
    })
}

#[tokio::test]
async fn transcripts_are_followed_to_the_letter() {
    let vectors = vectors("socketio");
    for transcript in vectors["transcripts"].as_array().expect("transcripts") {
        let credentials = transcript.get("credentials").unwrap_or(&vectors["credentials"]);
        let clock = [("TERTULIA_SERVER_TURNABLE_CLOCK", "true")];
        let house = house_with(json!({"socketio": credentials}), &clock).await;
        let bot = match transcript["bot_says"][0]["text"].as_str() {
            Some(text) => Some(plays_the_bot(&house, text).await),
            None => None,
        };
        let mut client = Client::of(&house);
        for step in transcript["steps"].as_array().expect("steps") {
            client.follows(step, &transcript["name"]).await;
        }
        if let Some(bot) = bot {
            bot.await.expect("the bot has spoken");
        }
    }
}

async fn joins(house: &House) -> Client<'_> {
    let mut client = Client::of(house);
    client.dials("/socket.io/?EIO=4&transport=websocket").await;
    client.hears().await.expect("a handshake");
    client.sends("40").await;
    client.hears().await.expect("joined");
    client
}

async fn is_confirmed(client: &mut Client<'_>, data: &Value) -> String {
    client.sends(&format!("42{}", json!(["session_request", data]))).await;
    let told: Value = serde_json::from_str(&client.hears().await.expect("an answer")[2..]).expect("JSON");
    assert_eq!(told[0], "session_confirm");
    told[1].as_str().expect("a bare text").to_owned()
}

#[tokio::test]
async fn only_session_ids_that_were_given_come_back() {
    let vectors = vectors("socketio");
    let house = house_with(json!({"socketio": vectors["credentials"]}), &[]).await;
    for case in vectors["sessions"].as_array().expect("cases") {
        let issued = is_confirmed(&mut joins(&house).await, &json!({})).await;
        assert_eq!((issued.len(), issued.bytes().all(|byte| byte.is_ascii_hexdigit())), (32, true));
        let sent: Value = serde_json::from_str(&case["send"].to_string().replace("{issued}", &issued)).expect("JSON");
        let given = is_confirmed(&mut joins(&house).await, &sent).await;
        assert_eq!(given == issued, case["expect"] == "same", "{}", case["name"]);
    }
}

#[tokio::test]
async fn who_comes_back_hears_what_they_missed_and_nobody_else_does() {
    let house = house_with(json!({"socketio": {"session_persistence": true}}), &[]).await;
    let olga = house.operator("olga");
    let mut first = joins(&house).await;
    let session = is_confirmed(&mut first, &json!({})).await;
    let said = |session: &str| format!("420{}", json!(["user_uttered", {"message": "hello", "session_id": session}]));
    first.sends(&said(&session)).await;
    assert_eq!(first.hears().await.as_deref(), Some("430[]"));
    let threads = olga.get(&format!("/api/accounts/{}/threads/chat", olga.id)).await.is(200);
    let thread = threads.results()[0]["id"].as_i64().expect("a thread");
    drop(first);

    let mut other = joins(&house).await;
    is_confirmed(&mut other, &json!({})).await;
    other.sends(&said(&session)).await;
    assert_eq!(other.hears().await.as_deref(), Some("430[]"), "dropped: not confirmed to this connection");
    assert_eq!(olga.texts(thread).await, ["hello"]);
    olga.posts(thread, "Still there?").await;

    let mut again = joins(&house).await;
    assert_eq!(is_confirmed(&mut again, &json!({"session_id": session})).await, session);
    assert_eq!(again.hears().await.as_deref(), Some(r#"42["bot_uttered",{"text":"Still there?"}]"#));
    olga.posts(thread, "Good.").await;
    assert_eq!(again.hears().await.as_deref(), Some(r#"42["bot_uttered",{"text":"Good."}]"#));
    assert_eq!(is_confirmed(&mut other, &json!({})).await.len(), 32, "and nothing came before it");
}

#[tokio::test]
async fn foreign_pages_and_crossed_calls_are_refused() {
    let house = house_with(json!({"socketio": {"cors": ["https://shop.example"], "max_payload": 2000}}), &[]).await;
    let mut client = Client::of(&house);
    let path = "/socket.io?EIO=4&transport=polling";
    let answer = |client: &Client, origin: &'static str| client.request("GET", path).header("origin", origin);
    assert_eq!(Answer::to(answer(&client, "https://evil.example")).await.is(403).body["code"], 4);
    let allowed = Answer::to(answer(&client, "https://shop.example")).await.is(200);
    assert_eq!(allowed.header("access-control-allow-origin"), "https://shop.example");
    assert_eq!(allowed.header("vary"), "Origin");
    let options = client.request("OPTIONS", path).header("origin", "https://shop.example");
    Answer::to(options).await.is(204);
    for (query, code) in [("EIO=5&transport=polling", 5), ("transport=polling", 5), ("EIO=4&transport=polling&j=0", 3)]
    {
        let path = format!("/socket.io/?{query}");
        assert_eq!(Answer::to(client.request("GET", &path)).await.is(400).body["code"], code, "{query}");
    }

    let opened: Value = serde_json::from_str(&allowed.text()[1..]).expect("JSON");
    client.values.insert("{sid}".to_owned(), opened["sid"].as_str().expect("a name").to_owned());
    let own = "/socket.io/?EIO=4&transport=polling&sid={sid}";
    let large = client.request("POST", own).body("x".repeat(2_001));
    Answer::to(large).await.is(413);
    assert_eq!(Answer::to(client.request("GET", own)).await.is(400).body["code"], 1, "closed");
}
