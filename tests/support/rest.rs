//! One HTTP exchange: what was asked, and the answer with its status, headers and JSON.

use std::fmt;

use super::{PATIENCE, Value};

/// An HTTP client of ours: no proxy, and no certificates to read, since everything is plain HTTP on this machine.
pub fn client() -> reqwest::ClientBuilder {
    tertulia::outbound::prepare_tls();
    reqwest::Client::builder().no_proxy().tls_certs_only([])
}

/// An answer over HTTP, remembering the question so that a failure explains itself.
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    /// The body as JSON; null when it is empty or something else.
    pub body: Value,
    pub bytes: Vec<u8>,
    question: String,
}

impl Answer {
    /// Sends a request. None when no answer came: a connection refused, cut or silent.
    pub async fn attempt(request: reqwest::RequestBuilder) -> Option<Answer> {
        let (client, request) = request.build_split();
        let request = request.expect("a sound request");
        let question = format!("{} {}", request.method(), request.url());
        let answer = tokio::time::timeout(3 * PATIENCE, client.execute(request)).await.ok()?.ok()?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await.ok()?.to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Some(Answer { status, headers, body, bytes, question })
    }

    /// Sends a request that must be answered.
    pub async fn to(request: reqwest::RequestBuilder) -> Answer {
        let told = format!("{request:?}");
        Answer::attempt(request).await.unwrap_or_else(|| panic!("no answer to {told}"))
    }

    /// The answer, if it has this status.
    #[track_caller]
    pub fn is(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// The list of results on a page.
    #[track_caller]
    pub fn results(&self) -> &Vec<Value> {
        self.body["results"].as_array().unwrap_or_else(|| panic!("no page: {self}"))
    }

    /// A header's text, empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Field `field` was refused with exactly `code`.
    #[track_caller]
    pub fn refuses(&self, field: &str, code: &str) {
        assert_eq!(self.status, 400, "{self}");
        assert_eq!(self.body[field], Value::from(vec![code]), "{self}");
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text();
        let shown: String = text.chars().take(2_000).collect();
        write!(out, "{} answered {} with {shown}", self.question, self.status)
    }
}
