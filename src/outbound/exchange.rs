//! One exchange with somebody else's program: any method, headers of their own, redirects that are checked like the first
//! address, and one word for what went wrong (bots contract, 5.2 and B52 to B54).

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Method, Url};

use super::client::{Client, retry_after_of};

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 3;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Exchange<'a> {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: &'a str,
    /// Where.
    pub url: &'a str,
    /// Headers that are dropped when a redirect leads to another host.
    pub headers: &'a [(String, String)],
    /// The same, under names of ours.
    pub own: &'a [(&'static str, String)],
    /// The body.
    pub body: Option<&'a str>,
    /// The longest that all of it may take.
    pub timeout: Duration,
    /// The most bytes of the answer.
    pub max_answer: usize,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Exchanged {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: Bytes,
    /// How long the other program wants to be left alone.
    pub retry_after: Option<Duration>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoAnswer {
    /// Nobody is there.
    Connect,
    /// It took too long.
    Timeout,
    /// The answer is too large.
    TooLarge,
    /// The address must not be called.
    Blocked,
    /// What was to be sent cannot be sent.
    BadData,
}

impl NoAnswer {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            NoAnswer::Connect => "connect",
            NoAnswer::Timeout => "timeout",
            NoAnswer::TooLarge => "too_large",
            NoAnswer::Blocked => "blocked",
            NoAnswer::BadData => "bad_data",
        }
    }

    fn of(error: &reqwest::Error) -> Self {
        if super::chain(error).contains("outbound.allow") {
            NoAnswer::Blocked
        } else if error.is_timeout() {
            NoAnswer::Timeout
        } else if error.is_builder() {
            NoAnswer::BadData
        } else {
            NoAnswer::Connect
        }
    }
}

fn headers_of(exchange: &Exchange<'_>) -> Result<HeaderMap, NoAnswer> {
    let mut map = HeaderMap::new();
    for (name, value) in exchange.own {
        let value = HeaderValue::from_str(value).map_err(|_| NoAnswer::BadData)?;
        map.insert(HeaderName::from_static(name), value);
    }
    for (name, value) in exchange.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| NoAnswer::BadData)?;
        map.insert(name, HeaderValue::from_str(value).map_err(|_| NoAnswer::BadData)?);
    }
    Ok(map)
}

/// Whether two addresses are of one host and port.
fn same_host(one: &Url, other: &Url) -> bool {
    one.host() == other.host() && one.port_or_known_default() == other.port_or_known_default()
}

impl Client {
    /// Asks, and reads the whole answer. Every redirect is checked as the first address was.
    pub async fn exchange(&self, exchange: &Exchange<'_>) -> Result<Exchanged, NoAnswer> {
        let going = self.follow(exchange);
        tokio::time::timeout(exchange.timeout, going).await.unwrap_or(Err(NoAnswer::Timeout))
    }

    async fn follow(&self, exchange: &Exchange<'_>) -> Result<Exchanged, NoAnswer> {
        let mut url = self.check(exchange.url).map_err(|_| NoAnswer::Blocked)?;
        let mut method = Method::from_bytes(exchange.method.as_bytes()).map_err(|_| NoAnswer::BadData)?;
        let mut headers = headers_of(exchange)?;
        let mut body = exchange.body.map(str::to_owned);
        for _ in 0..=MAX_REDIRECTS {
            let mut request = self.http().request(method.clone(), url.clone()).headers(headers.clone());
            if let Some(body) = &body {
                request = request.body(body.clone());
            }
            let response = request.send().await.map_err(|error| NoAnswer::of(&error))?;
            let status = response.status().as_u16();
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            let next = match (status, location) {
                (301 | 302 | 303 | 307 | 308, Some(location)) => url.join(location).map_err(|_| NoAnswer::Blocked)?,
                _ => return read(response, exchange.max_answer).await,
            };
            let next = self.check(next.as_str()).map_err(|_| NoAnswer::Blocked)?;
            if !same_host(&url, &next) {
                headers.clear();
            }
            if status == 303 || (matches!(status, 301 | 302) && method == Method::POST) {
                (method, body) = (Method::GET, None);
                headers.remove(CONTENT_TYPE);
            }
            url = next;
        }
        Err(NoAnswer::Blocked)
    }
}

async fn read(mut response: reqwest::Response, max: usize) -> Result<Exchanged, NoAnswer> {
    let (status, retry_after) = (response.status().as_u16(), retry_after_of(&response));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| NoAnswer::of(&error))? {
        if body.len() + chunk.len() > max {
            return Err(NoAnswer::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Exchanged { status, body: body.into(), retry_after })
}
