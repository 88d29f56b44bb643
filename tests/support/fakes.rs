//! The world around built-in bots: Telegram, Kik, Messenger and an owner's app, all on one port of this machine.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use base64::Engine;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{Value, json};

/// A call that reached somebody.
#[derive(Clone, Debug)]
pub struct Heard {
    pub method: String,
    pub path: String,
    pub query: BTreeMap<String, Value>,
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Heard {
    /// The body as JSON, or a form's fields as an object.
    pub fn fields(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| json!(pairs(&String::from_utf8_lossy(&self.body))))
    }
}

/// A call to a provider, as the vectors write it.
#[derive(Clone, Debug)]
pub struct ProviderCall {
    pub provider: &'static str,
    /// The token, or Kik's user name.
    pub credential: String,
    pub call: String,
    pub body: Value,
}

#[derive(Default)]
struct State {
    app: Vec<Heard>,
    providers: Vec<ProviderCall>,
    routes: Vec<Value>,
    failures: HashMap<&'static str, VecDeque<Value>>,
    secrets: HashMap<String, String>,
}

/// All of them. They end with their test.
#[derive(Clone)]
pub struct Fakes {
    address: String,
    state: Arc<Mutex<State>>,
}

impl Fakes {
    pub async fn open() -> Fakes {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let fakes = Fakes { address, state: Arc::default() };
        let shared = fakes.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        fakes
    }

    /// The settings of a house that speaks to them.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let at = |path: &str| format!("http://{}{path}", self.address);
        vec![
            ("TERTULIA_OUTBOUND_ALLOW", "127.0.0.1".to_owned()),
            ("TERTULIA_BOTS_TELEGRAM_API", at("/tg")),
            ("TERTULIA_BOTS_KIK_API", at("/kik")),
            ("TERTULIA_BOTS_MESSENGER_API", at("/fb")),
            ("TERTULIA_BOTS_KIK", "true".to_owned()),
            ("TERTULIA_JOBS_BACKOFF", "100ms".to_owned()),
        ]
    }

    /// The base address of the owner's app.
    pub fn app(&self) -> String {
        format!("http://{}/app", self.address)
    }

    /// What the app answers: `{request: {method, path, query?, headers?}, response: {status, json | text, headers?}}`; the
    /// first that fits.
    pub fn answers(&self, routes: &[Value]) {
        self.state.lock().unwrap().routes = routes.to_vec();
    }

    /// What a provider answers to the next calls: `{status, json}`.
    pub fn fails(&self, provider: &'static str, answers: &[Value]) {
        self.state.lock().unwrap().failures.insert(provider, answers.iter().cloned().collect());
    }

    /// Forgets what was heard.
    pub fn forget(&self) {
        let mut state = self.state.lock().unwrap();
        state.app.clear();
        state.providers.clear();
    }

    /// The calls to providers, except for courtesies.
    pub fn provider_calls(&self) -> Vec<ProviderCall> {
        let is_courtesy = |call: &ProviderCall| {
            matches!(call.call.as_str(), "answerCallbackQuery" | "sendChatAction")
                || call.body["sender_action"].is_string()
        };
        self.all_calls().into_iter().filter(|call| !is_courtesy(call)).collect()
    }

    /// All calls to providers.
    pub fn all_calls(&self) -> Vec<ProviderCall> {
        self.state.lock().unwrap().providers.clone()
    }

    /// The calls to the app.
    pub fn app_calls(&self) -> Vec<Heard> {
        self.state.lock().unwrap().app.clone()
    }

    /// The secret with which Telegram was told to call a bot's webhook.
    pub fn secret_of(&self, integration: &str) -> Option<String> {
        let state = self.state.lock().unwrap();
        state.secrets.iter().find(|(url, _)| url.contains(integration)).map(|(_, secret)| secret.clone())
    }

    fn answer(&self, heard: Heard) -> (u16, String, String) {
        let mut state = self.state.lock().unwrap();
        let path = heard.path.clone();
        if let Some(rest) = path.strip_prefix("/app") {
            let heard = Heard { path: rest.to_owned(), ..heard };
            let answer = app_answer(&state.routes, &heard);
            state.app.push(heard);
            return answer;
        }
        let call = provider_call(&heard);
        if let (Some(url), Some(secret)) = (call.body["url"].as_str(), call.body["secret_token"].as_str()) {
            state.secrets.insert(url.to_owned(), secret.to_owned());
        }
        let name = match call.provider {
            "telegram" => "tg",
            "kik" => "kik",
            _ => "fb",
        };
        let failure = state.failures.get_mut(name).and_then(VecDeque::pop_front);
        let (status, body) = match failure {
            Some(failure) => (failure["status"].as_u64().unwrap() as u16, failure["json"].clone()),
            None => provider_answer(&call),
        };
        state.providers.push(call);
        (status, "application/json".to_owned(), body.to_string())
    }
}

fn app_answer(routes: &[Value], heard: &Heard) -> (u16, String, String) {
    let fits = |route: &&Value| {
        let request = &route["request"];
        let query = request["query"].as_object().is_none_or(|query| json!(query) == json!(heard.query));
        let header = |(name, value): (&String, &Value)| {
            heard.headers.get(&name.to_lowercase()).map(String::as_str) == value.as_str()
        };
        let headers = request["headers"].as_object().is_none_or(|headers| headers.iter().all(header));
        request["method"] == json!(heard.method) && request["path"] == json!(heard.path) && query && headers
    };
    match routes.iter().find(fits).map(|route| &route["response"]) {
        None => (404, "application/json".into(), json!({"detail": "Not found."}).to_string()),
        Some(response) => {
            let status = response["status"].as_u64().unwrap_or(200) as u16;
            match response.get("text").and_then(Value::as_str) {
                Some(text) => (status, "text/plain".into(), text.to_owned()),
                None if response.get("json").is_none() => (status, "text/plain".into(), String::new()),
                None => (status, "application/json".into(), response["json"].to_string()),
            }
        }
    }
}

fn provider_call(heard: &Heard) -> ProviderCall {
    let mut body = heard.fields();
    if let Some(markup) = body.get("reply_markup").and_then(Value::as_str) {
        body["reply_markup"] = serde_json::from_str(markup).expect("reply_markup is JSON in a text");
    }
    let parts: Vec<&str> = heard.path.split('/').collect();
    let (provider, credential) = match parts[1] {
        "tg" => ("telegram", parts[2].trim_start_matches("bot").to_owned()),
        "kik" => ("kik", basic(heard)),
        _ => ("messenger", heard.query.get("access_token").and_then(Value::as_str).unwrap_or_default().to_owned()),
    };
    ProviderCall { provider, credential, call: parts.last().unwrap().to_string(), body }
}

fn basic(heard: &Heard) -> String {
    let header = heard.headers.get("authorization").map(String::as_str).unwrap_or_default();
    let bytes = base64::engine::general_purpose::STANDARD.decode(header.trim_start_matches("Basic ")).expect("base64");
    String::from_utf8(bytes).expect("text")
}

fn provider_answer(call: &ProviderCall) -> (u16, Value) {
    let about = match call.credential.as_str() {
        "111222333:AAtest-token_one" => ("Test bot", "test_one_bot"),
        "444555666:AAtest-token_two" => ("Other bot", "test_two_bot"),
        "kikone:kik-key-1" => ("", ""),
        _ if call.provider == "messenger" => ("", ""),
        _ => return (401, json!({"ok": false, "error_code": 401, "description": "Unauthorized"})),
    };
    if call.provider != "telegram" {
        return (200, json!({}));
    }
    let result = match call.call.as_str() {
        "getMe" => json!({"id": 1, "is_bot": true, "first_name": about.0, "username": about.1}),
        "sendMessage" => json!({"message_id": 1}),
        _ => json!(true),
    };
    (200, json!({"ok": true, "result": result}))
}

/// The pairs of a query or a form, decoded; a name that comes twice has a list.
fn pairs(text: &str) -> BTreeMap<String, Value> {
    let url = reqwest::Url::parse(&format!("http://x/?{text}")).expect("a query");
    let mut found: BTreeMap<String, Value> = BTreeMap::new();
    for (name, value) in url.query_pairs() {
        let value = json!(value);
        match found.get_mut(name.as_ref()) {
            None => drop(found.insert(name.into_owned(), value)),
            Some(Value::Array(list)) => list.push(value),
            Some(one) => *one = json!([one.clone(), value]),
        }
    }
    found
}

async fn serve(stream: TcpStream, fakes: Fakes) -> Option<()> {
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
        let header =
            |line: &String| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
        let headers: HashMap<String, String> = lines.iter().skip(1).filter_map(header).collect();
        let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        let mut first = lines.first()?.split(' ');
        let (method, target) = (first.next()?.to_owned(), first.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let heard = Heard { method, path: path.to_owned(), query: pairs(query), headers, body };
        let (status, kind, body) = fakes.answer(heard);
        let answer =
            format!("HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}
