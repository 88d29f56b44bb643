//! Updates on their way in: each is noted once and becomes a job in the same commit (B36, B90).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Bots;
use super::jobs::{TURN, partner_key};
use crate::domain::Micros;
use crate::domain::bot::provider::{Incoming, Provider};
use crate::store::bots::integrations::Integration;
use crate::store::bots::{chats, intake};
use crate::store::jobs::{self, NewJob};
use crate::store::{Connection, StoreError};

/// A minute in microseconds.
const MINUTE: Micros = 60_000_000;
/// Partners whose messages are counted.
const COUNTED: usize = 100_000;

/// A turn that is owed to a partner.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Owed {
    /// Through which integration.
    pub(super) integration: String,
    /// What came in.
    pub(super) incoming: Incoming,
    /// What is only said, because the partner writes too much (B91).
    #[serde(default)]
    pub(super) notice: bool,
    /// Whether nobody wrote: a state timed out.
    #[serde(default)]
    pub(super) timeout: bool,
}

/// Messages of partners in the present minute.
static COUNTS: Mutex<Option<HashMap<String, (Micros, u32)>>> = Mutex::new(None);

/// Counts a message; how many there were in this minute.
fn count(partner: &str, now: Micros) -> u32 {
    let mut counts = COUNTS.lock().unwrap_or_else(PoisonError::into_inner);
    let counts = counts.get_or_insert_default();
    if counts.len() >= COUNTED {
        counts.retain(|_, (since, _)| now - *since < MINUTE);
    }
    let entry = counts.entry(partner.to_owned()).or_insert((now, 0));
    if now - entry.0 >= MINUTE {
        *entry = (now, 0);
    }
    entry.1 = entry.1.saturating_add(1);
    entry.1
}

fn note(
    connection: &mut Connection,
    integration: &Integration,
    incoming: Incoming,
    limit: u32,
    now: Micros,
) -> Result<(), StoreError> {
    if !intake::is_new(connection, &integration.id, &incoming.dedup, now)? {
        return Ok(());
    }
    let at = (integration.bot_id.as_str(), integration.provider.as_str());
    chats::know(connection, at, ("chat", &incoming.chat), &incoming.room, now)?;
    chats::know(connection, at, ("person", &incoming.user), &json!(incoming.names), now)?;
    let recipient = partner_key(&integration.id, &incoming.chat, &incoming.user);
    let written = count(&recipient, now);
    if written > limit.saturating_add(1) {
        return Ok(());
    }
    let owed = Owed { integration: integration.id.clone(), incoming, notice: written > limit, timeout: false };
    jobs::add(connection, &NewJob { kind: TURN, recipient, payload: json!(owed), due: now }, now)?;
    Ok(())
}

impl Bots {
    /// Takes what a provider sent; it is durable when this returns.
    pub async fn take(&self, integration: Integration, incoming: Vec<Incoming>) -> Result<(), StoreError> {
        if incoming.is_empty() || !integration.enabled {
            return Ok(());
        }
        let (now, limit) = (self.house.clock.now(), self.house.config.bots.messages_per_minute);
        let write = move |connection: &mut Connection| {
            incoming.into_iter().try_for_each(|one| note(connection, &integration, one, limit, now))
        };
        self.house.store.write(write).await
    }

    /// Whether a call that came in was made by the provider: Telegram shows the secret that it was given; Kik, and Messenger
    /// once an app secret is configured, sign (contract, 4.2 and B10). `signature` is what the header says.
    pub fn is_genuine(&self, integration: &Integration, signature: Option<&str>, body: &[u8]) -> bool {
        let Some(secrets) = self.secrets(&integration.sealed) else { return false };
        match Provider::named(&integration.provider) {
            Some(Provider::Telegram) => {
                crate::outbound::signature::same(signature.unwrap_or_default(), &secrets.hook_secret)
            }
            Some(Provider::Kik) => {
                let crate::bots::Credentials::Basic { api_key, .. } = &secrets.credentials else { return false };
                crate::outbound::signature::same(
                    signature.unwrap_or_default(),
                    &super::signature::hmac_sha1(api_key, body),
                )
            }
            Some(Provider::Messenger) => match &secrets.app_secret {
                Some(secret) => {
                    let expected = format!("sha256={}", super::signature::hmac_sha256(secret, body));
                    crate::outbound::signature::same(signature.unwrap_or_default(), &expected)
                }
                None => true,
            },
            None => false,
        }
    }
}

/// What one posts for a person who is unknown: nothing.
pub(super) fn said(incoming: &Incoming) -> String {
    match (&incoming.text, incoming.media.first()) {
        (Some(text), _) => text.clone(),
        (None, Some(media)) => format!("[{}]", media.kind),
        (None, None) => match &incoming.message {
            Value::Null => String::new(),
            _ => "[…]".to_owned(),
        },
    }
}
