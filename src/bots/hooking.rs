//! Posts to notification hooks (bots contract, 9): noted once, rendered per provider, sent per recipient.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Bots;
use super::jobs::HOOK;
use super::sending::{Hearer, add_calls, add_words};
use super::signature::hmac_sha256;
use crate::domain::Micros;
use crate::domain::bot::document::{Hook, Recipient};
use crate::domain::bot::provider::{self, Address, Call, Names, Provider, Tickets};
use crate::domain::bot::turn::{self, Reply};
use crate::outbound::Failure;
use crate::outbound::signature::same;
use crate::store::bots::integrations::{self, Integration};
use crate::store::bots::journal::{self, Mishap, Told};
use crate::store::bots::{self as kept, Bot, chats};
use crate::store::jobs::{self, NewJob};
use crate::store::{Connection, StoreError, if_there};

/// Posts to one hook in a minute (B86).
const PER_MINUTE: i64 = 60;
/// A minute in microseconds.
const MINUTE: Micros = 60_000_000;

/// A post that is to be sent on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Posted {
    delivery: String,
    bot: String,
    hook: String,
    data: Value,
}

/// What became of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is, or was already, on its way: the delivery's id.
    Delivery(String),
    /// There were too many in this minute.
    TooMany,
}

/// What is sent through one integration.
struct Letters {
    integration: Integration,
    provider: Provider,
    replies: Vec<Reply>,
}

impl Bots {
    /// The bot and the hook of an address, if it can be posted to.
    pub async fn hook(&self, key: &str) -> Result<Option<(Bot, Hook)>, StoreError> {
        let key = key.to_owned();
        let read = move |connection: &mut Connection| {
            let Some((bot, hook)) = kept::by_hook_key(connection, &key)? else { return Ok(None) };
            let (_, document) = kept::live(connection, &bot.id)?;
            let found = document.hooks.into_iter().find(|one| one.stamp.id == hook);
            Ok(found.filter(|hook| hook.enabled).map(|hook| (bot, hook)))
        };
        self.house.store.read(read).await
    }

    /// Whether a post carries the hook's secret, or is signed with it (B85).
    pub async fn opens_hook(
        &self,
        hook: &str,
        secret: Option<&str>,
        signature: Option<&str>,
        body: &[u8],
    ) -> Result<bool, StoreError> {
        let hook = hook.to_owned();
        let sealed = self.house.store.read(move |connection| journal::hook_secret(connection, &hook)).await?;
        let Some(known) = sealed.and_then(|sealed| self.outbound.seal.open(&sealed)) else { return Ok(false) };
        let signed = |signature: &str| same(signature, &format!("sha256={}", hmac_sha256(&known, body)));
        Ok(secret.is_some_and(|secret| same(secret, &known)) || signature.is_some_and(signed))
    }

    /// Takes a post; it is durable when this returns.
    pub async fn post(
        &self,
        bot: &str,
        hook: &str,
        data: Value,
        idempotency_key: Option<String>,
    ) -> Result<Taken, StoreError> {
        let (bot, hook, now) = (bot.to_owned(), hook.to_owned(), self.house.clock.now());
        let write = move |connection: &mut Connection| {
            let id = kept::new_id();
            let counted = journal::posted_since(connection, &hook, now - MINUTE)?;
            if let Some(known) = journal::begin(connection, (&id, &bot, &hook), idempotency_key.as_deref(), now)? {
                return Ok(Taken::Delivery(known));
            }
            if counted >= PER_MINUTE {
                journal::expand(connection, &id, &[], Some("more than 60 posts in a minute"))?;
                return Ok(Taken::TooMany);
            }
            let recipient = format!("bothook:{hook}");
            let posted = Posted { delivery: id.clone(), bot, hook, data };
            jobs::add(connection, &NewJob { kind: HOOK, recipient, payload: json!(posted), due: now }, now)?;
            Ok(Taken::Delivery(id))
        };
        self.house.store.write(write).await
    }

    /// Renders what a post says, and writes the calls.
    pub(super) async fn fire(&self, posted: Posted) -> Result<(), Failure> {
        let Some((bot, integrations)) = self.of_hook(&posted).await? else { return Ok(()) };
        let ready = self.ready(&posted.bot).await?;
        let hooks = &ready.snapshot.document().hooks;
        let Some(hook) = hooks.iter().find(|hook| hook.stamp.id == posted.hook).cloned() else { return Ok(()) };
        let (variables, now) = (self.variables(&posted.bot).await?, self.house.clock.now());
        let (mut letters, mut error) = (Vec::new(), None);
        for provider in Provider::ALL {
            let own = |one: &&Integration| one.provider == provider.name() && one.enabled;
            let Some(integration) = integrations.iter().find(own) else { continue };
            let (snapshot, env) = (&ready.snapshot, &ready.env);
            let jobs = turn::hook_jobs(snapshot, &hook, provider, env, &variables, &posted.data, now);
            let rendered = self.render(jobs).await;
            match turn::hook_reply(&hook, provider, env, now, rendered) {
                Ok((replies, mishaps)) => {
                    error = error.or(mishaps.into_iter().next().map(|mishap| (mishap, false)));
                    letters.push(Letters { integration: integration.clone(), provider, replies });
                }
                Err(mishap) => error = Some((mishap, true)),
            }
        }
        let fatal = error.as_ref().filter(|(_, fatal)| *fatal).map(|(mishap, _)| mishap.message.clone());
        if fatal.is_some() {
            letters.clear();
        }
        let limits = self.limits.clone();
        let write = move |connection: &mut Connection| {
            if let Some((mishap, _)) = &error {
                let message = format!("hook \"{}\": {}", hook.name, mishap.message);
                let mishap = Mishap { step: mishap.step.clone(), message, ..Mishap::default() };
                journal::note(connection, &bot.id, &mishap, now)?;
            }
            let mut addressed = Vec::new();
            for letter in &letters {
                let own = hook.recipients.iter().filter(|one| one.provider == letter.provider.name());
                for recipient in own {
                    let calls = calls_to(connection, &limits, &bot, letter, recipient)?;
                    addressed.push((letter, recipient, calls));
                }
            }
            let told: Vec<Told> = addressed.iter().map(|(letter, one, calls)| told(letter, one, calls.len())).collect();
            if !journal::expand(connection, &posted.delivery, &told, fatal.as_deref())? {
                return Ok(());
            }
            for (letter, recipient, calls) in addressed {
                write_letter(connection, (&bot, letter), recipient, calls, &posted.delivery, now)?;
            }
            Ok(())
        };
        self.house.store.write(write).await?;
        Ok(())
    }

    async fn of_hook(&self, posted: &Posted) -> Result<Option<(Bot, Vec<Integration>)>, StoreError> {
        let bot = posted.bot.clone();
        let read = move |connection: &mut Connection| {
            let Some(found) = if_there(kept::get(connection, &bot))? else { return Ok(None) };
            Ok(Some((found, integrations::all_of(connection, &bot)?)))
        };
        self.house.store.read(read).await
    }

    async fn variables(&self, bot: &str) -> Result<serde_json::Map<String, Value>, StoreError> {
        let bot = bot.to_owned();
        self.house.store.read(move |connection| kept::variables(connection, &bot)).await
    }
}

fn told(letter: &Letters, recipient: &Recipient, calls: usize) -> Told {
    Told {
        recipient: recipient.stamp.id.clone(),
        provider: letter.provider.name().into(),
        state: if calls == 0 { "skipped" } else { "waiting" }.into(),
        error: None,
        left: calls,
    }
}

fn person_of(recipient: &Recipient) -> String {
    recipient.username.clone().unwrap_or_else(|| recipient.chat_id.clone())
}

fn calls_to(
    connection: &mut Connection,
    limits: &provider::Limits,
    bot: &Bot,
    letter: &Letters,
    recipient: &Recipient,
) -> Result<Vec<Call>, StoreError> {
    let at = (bot.id.as_str(), letter.provider.name(), recipient.chat_id.as_str());
    let before: Tickets = chats::tickets(connection, at)?;
    let mut tickets = before.clone();
    let address = Address {
        provider: letter.provider,
        chat: recipient.chat_id.clone(),
        user: person_of(recipient),
        reply_to: None,
    };
    let calls =
        letter.replies.iter().flat_map(|reply| provider::reply(limits, &address, reply, &mut tickets)).collect();
    if tickets != before {
        chats::set_tickets(connection, at, &tickets)?;
    }
    Ok(calls)
}

fn write_letter(
    connection: &mut Connection,
    (bot, letter): (&Bot, &Letters),
    recipient: &Recipient,
    calls: Vec<Call>,
    delivery: &str,
    now: Micros,
) -> Result<(), StoreError> {
    let told = (delivery.to_owned(), recipient.stamp.id.clone());
    add_calls(connection, &letter.integration.id, &recipient.chat_id, calls, Some(&told), now)?;
    let hearer = Hearer {
        integration: letter.integration.id.clone(),
        provider: letter.provider,
        bot: bot.account_id,
        chat: recipient.chat_id.clone(),
        person: person_of(recipient),
        names: Names { first: Some(recipient.name.clone()), ..Names::default() },
    };
    add_words(connection, &hearer, &letter.replies, &format!("hook:{delivery}"), now)
}
