//! The HTTP client, and the guard that decides where it may go.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;

use super::{Failure, chain};
use crate::config;
use crate::domain::network::{Cidr, may_reach};

/// The longest URL.
const MAX_URL: usize = 2_048;
/// The longest wait that another server may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 3_600);
/// Connections kept for the next call to the same server.
const IDLE: usize = 4;
/// How long they are kept.
const IDLE_FOR: Duration = Duration::from_secs(20);

/// Which addresses may be reached.
#[derive(Clone, Debug)]
struct Guard {
    allowed: Arc<[Cidr]>,
    /// A host that the deployment itself named: it may stand for any address.
    named: Option<Arc<str>>,
}

impl Guard {
    fn allows(&self, address: IpAddr) -> bool {
        may_reach(address, &self.allowed)
    }

    fn names(&self, host: &str) -> bool {
        self.named.as_deref().is_some_and(|named| named.eq_ignore_ascii_case(host))
    }
}

/// Why a place is not called.
fn not_allowed(place: &str) -> String {
    format!("{place} is a private or special address, which outbound.allow does not name")
}

impl Resolve for Guard {
    /// Resolves a name and leaves only what may be reached: the connection is made to these very addresses.
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> =
                found.into_iter().filter(|address| guard.names(name.as_str()) || guard.allows(address.ip())).collect();
            if allowed.is_empty() {
                return Err(not_allowed(name.as_str()).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// The HTTP client. Cloning is cheap, and clones share their connections.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    guard: Guard,
    max_answer: usize,
}

/// An answer, its body not read yet.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// How long the other server wants to be left alone.
    pub retry_after: Option<Duration>,
    response: reqwest::Response,
    limit: usize,
}

impl Answer {
    /// Whether the other server did what it was asked.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body, if it is not larger than `outbound.max_answer`.
    pub async fn body(mut self) -> Result<Bytes, Failure> {
        let mut body = Vec::new();
        while let Some(chunk) = self.response.chunk().await.map_err(|error| Failure::later(chain(&error)))? {
            if body.len() + chunk.len() > self.limit {
                return Err(Failure::Never(format!("the answer is larger than {} bytes", self.limit)));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.into())
    }

    /// What an answer that is no success means, when every such answer may be better the next time.
    pub fn failure(&self) -> Failure {
        Failure::Later { why: format!("answered {}", self.status), retry_after: self.retry_after }
    }
}

impl Client {
    /// A client as the settings say.
    pub fn new(config: &config::Outbound) -> Result<Self, String> {
        Self::guarded(config, None)
    }

    /// A client for the one service that the deployment itself named by `url`: its host may be a private address.
    pub fn of_service(config: &config::Outbound, url: &str, timeout: Duration) -> Result<Self, String> {
        let url = Url::parse(url).map_err(|error| format!("this is no URL: {error}"))?;
        let host = url.host_str().ok_or("the URL names no host")?;
        Self::guarded(&config::Outbound { timeout, ..config.clone() }, Some(host.into()))
    }

    fn guarded(config: &config::Outbound, named: Option<Arc<str>>) -> Result<Self, String> {
        let guard = Guard { allowed: config.allow.clone().into(), named };
        let builder = || {
            reqwest::Client::builder()
                .user_agent(concat!("tertulia/", env!("CARGO_PKG_VERSION")))
                .dns_resolver(Arc::new(guard.clone()))
                .redirect(Policy::none())
                .referer(false)
                .no_proxy()
                .connect_timeout(config.connect_timeout)
                .timeout(config.timeout)
                .pool_max_idle_per_host(IDLE)
                .pool_idle_timeout(IDLE_FOR)
        };
        let http = builder().build().or_else(|error| {
            // a machine without certificates of authorities can do everything else, so it is no reason not to start
            tracing::warn!(error = chain(&error), "no certificates to trust: https calls to other servers will fail");
            builder().tls_certs_only([]).build()
        });
        let http = http.map_err(|error| format!("the HTTP client could not be made: {}", chain(&error)))?;
        Ok(Self { http, guard, max_answer: config.max_answer })
    }

    /// The client itself, for those who look after their own time-outs.
    pub(super) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// The URL, if a call to it could be allowed: `http` or `https`, not too long, and no forbidden address as its host.
    /// What a name stands for is only known when it is called.
    pub fn check(&self, url: &str) -> Result<Url, String> {
        if url.len() > MAX_URL {
            return Err(format!("the URL is longer than {MAX_URL} characters"));
        }
        let url = Url::parse(url).map_err(|error| format!("this is no URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("only http and https URLs can be called".to_owned());
        }
        let host = url.host_str().ok_or("the URL names no host")?;
        match literal(host) {
            Some(address) if !self.guard.names(host) && !self.guard.allows(address) => Err(not_allowed(host)),
            _ => Ok(url),
        }
    }

    /// Whether the URL is for a public service: `https`, or an address that the deployment allowed by name.
    pub fn check_public_service(&self, url: &str) -> Result<Url, String> {
        let checked = self.check(url)?;
        let allowed = checked.host_str().and_then(literal).is_some_and(|address| self.guard.allows(address));
        if checked.scheme() == "https" || allowed { Ok(checked) } else { Err("an https URL is expected".to_owned()) }
    }

    /// Sends a body.
    pub async fn post(&self, url: &str, headers: &[(&str, String)], body: Vec<u8>) -> Result<Answer, Failure> {
        let url = self.check(url).map_err(Failure::Never)?;
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).map_err(|_| Failure::Never(format!("{name} is no header")))?;
            let name = HeaderName::from_bytes(name.as_bytes());
            map.insert(name.map_err(|_| Failure::Never("a header's name is none".to_owned()))?, value);
        }
        let sent = self.http.post(url).headers(map).body(body).send().await;
        // the URL may hold a secret of the other server's
        let response = sent.map_err(|error| Failure::later(chain(&error.without_url())))?;
        Ok(Answer {
            status: response.status().as_u16(),
            retry_after: retry_after_of(&response),
            response,
            limit: self.max_answer,
        })
    }
}

/// How long a server that answered wants to be left alone.
pub(super) fn retry_after_of(response: &reqwest::Response) -> Option<Duration> {
    response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(read_retry_after)
}

/// The address that a host is, if it is no name.
fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Seconds, or a date; bounded, since nobody may be silenced for ever.
fn read_retry_after(text: &str) -> Option<Duration> {
    let text = text.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_second();
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
            Duration::from_secs(u64::try_from(until).ok()?).saturating_sub(now)
        }
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(allow: &str) -> Client {
        super::super::prepare_tls();
        let environment = [("TERTULIA_OUTBOUND_ALLOW".to_owned(), allow.to_owned())];
        Client::new(&config::load(None, environment).expect("settings").outbound).expect("a client")
    }

    #[test]
    fn a_url_with_a_forbidden_address_is_never_called() {
        let client = client("10.0.0.0/8");
        let table = [
            ("https://example.org/hook", true),
            ("http://93.184.216.34:8080/", true),
            ("http://10.2.3.4/", true),
            ("http://127.0.0.1/", false),
            ("http://0x7f.1/", false),
            ("http://2130706433/", false),
            ("http://[::1]:80/", false),
            ("http://[::ffff:127.0.0.1]/", false),
            ("http://169.254.169.254/latest/meta-data", false),
            ("ftp://example.org/", false),
            ("file:///etc/passwd", false),
            ("example.org", false),
        ];
        for (url, expected) in table {
            assert_eq!(client.check(url).is_ok(), expected, "{url}");
        }
        assert!(client.check(&format!("https://example.org/{}", "x".repeat(MAX_URL))).is_err());
        assert!(client.check_public_service("http://example.org/").is_err());
        assert!(client.check_public_service("https://example.org/").is_ok());
        assert!(client.check_public_service("http://10.2.3.4/").is_ok());
    }

    #[tokio::test]
    async fn a_name_is_judged_by_what_it_stands_for() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://localhost:{}/", listener.local_addr().expect("an address").port());
        let refused = client("").post(&url, &[], Vec::new()).await.err().expect("refused");
        assert!(refused.to_string().contains("outbound.allow"), "{refused}");
        listener.set_nonblocking(true).expect("set");
        assert!(listener.accept().is_err(), "nobody connected");
    }

    #[test]
    fn waits_are_read_and_bounded() {
        assert_eq!(read_retry_after("7"), Some(Duration::from_secs(7)));
        assert_eq!(read_retry_after("99999999"), Some(MAX_RETRY_AFTER));
        assert_eq!(read_retry_after("Fri, 31 Dec 1999 23:59:59 GMT"), Some(Duration::ZERO));
        assert_eq!(read_retry_after("Tue, 31 Dec 2999 23:59:59 GMT"), Some(MAX_RETRY_AFTER));
        assert_eq!(read_retry_after("soon"), None);
    }
}
