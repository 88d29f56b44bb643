//! A person: an account, its credentials, and what one can do with them over REST.

use reqwest::Method;

use super::{Answer, Socket, Value, json, rest};

/// What somebody shows at the door.
#[derive(Clone)]
pub enum Key {
    Nothing,
    /// The value of the `Authorization` header.
    Header(String),
    /// An operator's session cookie, and the CSRF token that unsafe methods need.
    Cookie {
        session: String,
        csrf: String,
    },
}

/// Somebody who acts in a test.
#[derive(Clone)]
pub struct Person {
    pub name: String,
    pub id: i64,
    pub key: Key,
    pub origin: String,
    client: reqwest::Client,
}

/// The fields of a message that no reading mark hangs on: asking for these marks nothing as read.
pub const UNMARKING: &str = "fields=id,seq,rev,thread,sender,text,type,meta,created,updated,client_id,has_attachments";

impl Person {
    pub fn new(name: &str, id: i64, key: Key, origin: &str) -> Person {
        let client = rest::client()
            // A connection kept from before a crash would be one more way to fail.
            .pool_max_idle_per_host(0)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("an HTTP client");
        Person { name: name.to_owned(), id, key, origin: origin.to_owned(), client }
    }

    /// The same person coming in by another way, such as a proxy.
    pub fn through(&self, origin: &str) -> Person {
        Person::new(&self.name, self.id, self.key.clone(), origin)
    }

    /// The same person with other credentials.
    pub fn with_key(&self, key: Key) -> Person {
        Person { key, ..self.clone() }
    }

    /// The same person with this value of the `Authorization` header.
    pub fn with_header(&self, value: &str) -> Person {
        self.with_key(Key::Header(value.to_owned()))
    }

    /// The token alone, for those who have one.
    pub fn token(&self) -> &str {
        match &self.key {
            Key::Header(value) => value.split_once(' ').map_or("", |(_, token)| token),
            _ => "",
        }
    }

    /// A request with this person's credentials, to be finished by hand.
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self.client.request(method.clone(), format!("{}{path}", self.origin));
        match &self.key {
            Key::Nothing => request,
            Key::Header(value) => request.header("Authorization", value),
            Key::Cookie { session, csrf } => {
                let request = request.header("Cookie", format!("tertulia_session={session}"));
                if method.is_safe() { request } else { request.header("X-CSRF-Token", csrf) }
            }
        }
    }

    /// Asks for anything, with or without a JSON body.
    pub async fn asks(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let request = self.request(method, path);
        Answer::to(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.asks("GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.asks("POST", path, Some(&body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.asks("PUT", path, Some(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.asks("PATCH", path, Some(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.asks("DELETE", path, None).await
    }

    /// Starts a thread and says its id.
    pub async fn starts(&self, title: &str) -> i64 {
        let answer = self.post(&format!("/api/accounts/{}/threads/chat", self.id), json!({"title": title})).await;
        answer.is(201).body["id"].as_i64().expect("the thread's id")
    }

    /// Posts a plain message and gets it back.
    pub async fn posts(&self, thread: i64, text: &str) -> Value {
        let body = json!({"type": "message", "text": text});
        self.post(&format!("/api/threads/{thread}/messages"), body).await.is(201).body
    }

    /// Changes the text of a message.
    pub async fn edits(&self, message: &Value, text: &str) -> Answer {
        self.patch(&path_of(message), json!({"text": text})).await
    }

    /// Deletes a message.
    pub async fn deletes(&self, message: &Value) -> Answer {
        self.delete(&path_of(message)).await
    }

    /// The thread as this person sees it.
    pub async fn sees(&self, thread: i64) -> Value {
        self.get(&format!("/api/threads/{thread}")).await.is(200).body
    }

    /// How many messages of the thread this person has not read.
    pub async fn unread(&self, thread: i64) -> i64 {
        self.sees(thread).await["unread"].as_i64().expect("a number of unread messages")
    }

    /// All messages of a thread in order, without marking any as read.
    pub async fn fetches(&self, thread: i64) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let after = all.last().map_or(0, |message| message["seq"].as_i64().expect("a seq"));
            let path = format!("/api/threads/{thread}/messages?limit=500&after={after}&{UNMARKING}");
            let page = self.get(&path).await.is(200).results().clone();
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    }

    /// The texts of all messages of a thread, in order.
    pub async fn texts(&self, thread: i64) -> Vec<String> {
        self.fetches(thread).await.iter().map(|message| text_of(message).to_owned()).collect()
    }

    /// Opens a socket and waits for the greeting.
    pub async fn opens(&self) -> Socket {
        let status = match Socket::connect(self, "/ws", &[]).await {
            Ok(socket) => return socket,
            Err(status) => status,
        };
        panic!("{} cannot open a socket: {status}", self.name);
    }
}

/// Where a message lives.
pub fn path_of(message: &Value) -> String {
    format!("/api/threads/{}/messages/{}", message["thread"], message["id"])
}

/// The text of a message.
pub fn text_of(message: &Value) -> &str {
    message["text"].as_str().unwrap_or_default()
}
