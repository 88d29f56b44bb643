//! Calls to providers: where they are, what opens their doors, what their answers mean (bots contract, 3.2 and 8).

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Bots;
use crate::domain::bot::provider::{self, Call, Credentials, Provider};
use crate::outbound::{Failure, Headers};

/// What a provider needs to hear from us, and we from it.
#[derive(Clone)]
pub struct Secrets {
    /// What opens the provider's door.
    pub credentials: Credentials,
    /// What Telegram shows when it calls (B10).
    pub hook_secret: String,
    /// What Messenger signs with, once it is configured (B10).
    pub app_secret: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    token: Option<String>,
    username: Option<String>,
    api_key: Option<String>,
    hook_secret: String,
    app_secret: Option<String>,
}

impl Secrets {
    /// Of a new integration.
    pub fn new(credentials: Credentials, app_secret: Option<String>) -> Self {
        let chance: [u8; 24] = rand::random();
        let hook_secret = chance.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { credentials, hook_secret, app_secret }
    }

    /// As it is sealed.
    pub fn to_text(&self) -> String {
        let (token, username, api_key) = match self.credentials.clone() {
            Credentials::Token(token) => (Some(token), None, None),
            Credentials::Basic { username, api_key } => (None, Some(username), Some(api_key)),
        };
        let stored = Stored {
            token,
            username,
            api_key,
            hook_secret: self.hook_secret.clone(),
            app_secret: self.app_secret.clone(),
        };
        serde_json::to_string(&stored).unwrap_or_default()
    }

    fn read(text: &str) -> Option<Self> {
        let Stored { token, username, api_key, hook_secret, app_secret } = serde_json::from_str(text).ok()?;
        let credentials = match (token, username, api_key) {
            (Some(token), _, _) => Credentials::Token(token),
            (None, Some(username), Some(api_key)) => Credentials::Basic { username, api_key },
            _ => return None,
        };
        Some(Self { credentials, hook_secret, app_secret })
    }
}

/// The digest by which a credential that is used twice is found. Only Telegram's are unique in the server.
pub fn mark(provider: Provider, credentials: &Credentials, bot: &str) -> String {
    let text = match credentials {
        Credentials::Token(token) if provider == Provider::Telegram => format!("telegram:{token}"),
        _ => format!("{}:{bot}", provider.name()),
    };
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A secret with all but its last four characters hidden.
pub fn masked(secret: &str) -> String {
    let count = secret.chars().count();
    let shown = if count > 8 { 4 } else { 0 };
    let tail: String = secret.chars().skip(count - shown).collect();
    format!("{}{tail}", "*".repeat(count - shown))
}

/// Why a provider did not do what it was asked.
#[derive(Clone, Debug)]
pub struct CallFailed {
    /// Its status; none when there was no answer.
    pub status: Option<u16>,
    /// Its words, or what happened on the way.
    pub why: String,
    /// How long it wants to be left alone.
    pub retry_after: Option<Duration>,
}

impl CallFailed {
    /// Whether the provider said no, rather than being away.
    pub fn is_refusal(&self) -> bool {
        self.status.is_some_and(|status| (400..500).contains(&status) && status != 429)
    }

    /// Whether Telegram could not read the marks of the text (B80).
    pub fn is_parse_error(&self) -> bool {
        self.status == Some(400) && self.why.to_lowercase().contains("parse")
    }
}

impl fmt::Display for CallFailed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.why)
    }
}

impl Bots {
    /// Opens the secrets of an integration.
    pub fn secrets(&self, sealed: &str) -> Option<Secrets> {
        Secrets::read(&self.outbound.seal.open(sealed)?)
    }

    /// Where a provider posts to.
    fn hook_url(&self, provider: Provider, integration: &str) -> String {
        format!("https://{}/processing/{}bot/{integration}/", self.domain, provider.name())
    }

    /// Makes one call; the provider's answer.
    pub async fn call(&self, call: &Call, credentials: &Credentials) -> Result<Value, CallFailed> {
        let config = &self.house.config.bots;
        let base = match call.provider {
            Provider::Telegram => &config.telegram_api,
            Provider::Kik => &config.kik_api,
            Provider::Messenger => &config.messenger_api,
        };
        let wire = call.wire(base, &config.messenger_version, credentials);
        let mut headers: Headers = vec![("content-type", "application/json".to_owned())];
        if let Some((user, password)) = &wire.basic {
            headers.push(("authorization", format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))));
        }
        let away = |failure: Failure| {
            let (why, retry_after) = match failure {
                Failure::Later { why, retry_after } => (why, retry_after),
                Failure::Never(why) => (why, None),
            };
            CallFailed { status: None, why, retry_after }
        };
        let answer = self.outbound.client.post(&wire.url, &headers, wire.json.to_string().into_bytes()).await;
        let answer = answer.map_err(away)?;
        let (status, retry_after) = (answer.status, answer.retry_after);
        let body: Value = match answer.body().await {
            Ok(body) => serde_json::from_slice(&body).unwrap_or_default(),
            Err(failure) => return Err(away(failure)),
        };
        if (200..300).contains(&status) && body.get("ok") != Some(&Value::Bool(false)) {
            return Ok(body);
        }
        let words = [body.get("description"), body.pointer("/error/message"), body.get("message"), body.get("error")];
        let words = words.into_iter().flatten().find_map(Value::as_str).unwrap_or("no words");
        let asked = body.pointer("/parameters/retry_after").and_then(Value::as_u64).map(Duration::from_secs);
        let status = if (200..300).contains(&status) { 400 } else { status };
        Err(CallFailed {
            status: Some(status),
            why: format!("answered {status}: {words}"),
            retry_after: asked.or(retry_after),
        })
    }

    /// Sets or unsets the webhook of an integration, and says what the provider told of the account when that is asked for.
    pub async fn connect(
        &self,
        provider: Provider,
        secrets: &Secrets,
        integration: &str,
        enabled: bool,
        is_new: bool,
    ) -> Result<Option<Value>, CallFailed> {
        let url = self.hook_url(provider, integration);
        let hook = enabled.then_some(url.as_str());
        let mut info = None;
        for call in provider::webhook(provider, hook, &secrets.hook_secret) {
            let is_question = call.name == "getMe";
            if is_question && !is_new {
                continue;
            }
            match self.call(&call, &secrets.credentials).await {
                Ok(answer) if is_question => info = Some(about(&answer)),
                Ok(_) => {}
                // the page may have been subscribed by hand
                Err(failed) if provider == Provider::Messenger && failed.is_refusal() => {
                    tracing::info!(integration, %failed, "the page could not be subscribed");
                }
                Err(failed) => return Err(failed),
            }
        }
        Ok(info)
    }
}

/// `{first_name, last_name, username}` of what `getMe` answered.
fn about(answer: &Value) -> Value {
    let of = |name: &str| answer.pointer(&format!("/result/{name}")).cloned().unwrap_or_default();
    serde_json::json!({"first_name": of("first_name"), "last_name": of("last_name"), "username": of("username")})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_secret_shows_its_last_four_characters_at_most() {
        assert_eq!(masked("111222333:AAtest"), "************test");
        assert_eq!(masked("kik-key-1"), "*****ey-1");
        assert_eq!(masked("short"), "*****");
        assert_eq!(masked(""), "");
    }

    #[test]
    fn secrets_are_read_as_they_were_written() {
        let credentials = Credentials::Basic { username: "u".into(), api_key: "k".into() };
        let secrets = Secrets::new(credentials.clone(), Some("app".into()));
        let read = Secrets::read(&secrets.to_text()).expect("readable");
        assert!(read.credentials == credentials && read.app_secret.as_deref() == Some("app"));
        assert_eq!(read.hook_secret.len(), 48);
    }
}
