//! Calls to bots and to the files that they name: bounded in time from the first byte to the last, and told apart by what
//! went wrong (bot-webhooks contract, 7.3, 7.4 and 12.8).

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, USER_AGENT};

use super::chain;
use super::client::Client;
use crate::config;

/// A call.
#[derive(Clone, Debug, Default)]
pub struct Posting {
    /// Where to.
    pub url: String,
    /// Names and values; a name that is none is left out.
    pub headers: Vec<(String, String)>,
    /// The body, JSON.
    pub body: Vec<u8>,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoReply {
    /// No connection could be made, or the address must not be called: nothing reached the other side.
    Connect,
    /// It took too long.
    Timeout,
    /// The answer is larger than may be.
    TooLarge,
    /// The connection broke, or what came is no HTTP.
    Broken,
}

impl NoReply {
    /// The name in logs.
    pub fn name(self) -> &'static str {
        match self {
            NoReply::Connect => "connect",
            NoReply::Timeout => "timeout",
            NoReply::TooLarge => "too_large",
            NoReply::Broken => "broken",
        }
    }
}

/// Calls bots. Cloning is cheap, and clones share their connections.
#[derive(Clone)]
pub struct Caller {
    client: Client,
    timeout: Duration,
    file_timeout: Duration,
}

impl Caller {
    /// As the settings say.
    ///
    /// # Errors
    /// What keeps the HTTP client from being made.
    pub fn new(outbound: &config::Outbound, bots: &config::Bots) -> Result<Self, String> {
        let own = config::Outbound { connect_timeout: bots.connect_timeout, ..outbound.clone() };
        Ok(Self { client: Client::new(&own)?, timeout: bots.timeout, file_timeout: bots.file_timeout })
    }

    /// Whether a URL may be called at all; a sentence if not.
    ///
    /// # Errors
    /// Why it is not called.
    pub fn check(&self, url: &str) -> Result<(), String> {
        self.client.check(url).map(drop)
    }

    /// Posts, and reads what is answered, at most `limit` bytes of it.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn post(&self, posting: Posting, limit: usize) -> Result<Reply, NoReply> {
        let Posting { url, headers, body } = posting;
        let url = self.client.check(&url).map_err(|_| NoReply::Connect)?;
        let mut map = HeaderMap::new();
        map.insert(USER_AGENT, HeaderValue::from_static("Tertulia-Bot-Webhook/1"));
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
                map.insert(name, value);
            }
        }
        map.insert(reqwest::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let request = self.client.http().post(url).headers(map).body(body);
        let answer = async move { read(request.send().await.map_err(|error| why(&error))?, limit).await };
        tokio::time::timeout(self.timeout, answer).await.unwrap_or(Err(NoReply::Timeout))
    }

    /// Fetches a file of at most `limit` bytes; only a `200` has one.
    ///
    /// # Errors
    /// Why it could not be had.
    pub async fn fetch(&self, url: &str, limit: usize) -> Result<Bytes, NoReply> {
        let url = self.client.check(url).map_err(|_| NoReply::Connect)?;
        let request = self.client.http().get(url);
        let answer = async move { read(request.send().await.map_err(|error| why(&error))?, limit).await };
        let reply = tokio::time::timeout(self.file_timeout, answer).await.unwrap_or(Err(NoReply::Timeout))?;
        if reply.status == 200 { Ok(reply.body) } else { Err(NoReply::Broken) }
    }
}

fn why(error: &reqwest::Error) -> NoReply {
    tracing::debug!(error = chain(error), "a bot was not reached");
    match error {
        error if error.is_connect() => NoReply::Connect,
        error if error.is_timeout() => NoReply::Timeout,
        _ => NoReply::Broken,
    }
}

async fn read(mut response: reqwest::Response, limit: usize) -> Result<Reply, NoReply> {
    let status = response.status().as_u16();
    // what is promised to be too large is not read at all
    if response.content_length().is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit)) {
        return Err(NoReply::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| why(&error))? {
        if body.len() + chunk.len() > limit {
            return Err(NoReply::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { status, body: body.into() })
}
