//! Calls to providers and words in threads, one at a time and in order per chat (bots contract, 8 and B80).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::jobs::{SAY, SEND, UNSET};
use super::providers::CallFailed;
use super::{Bots, Secrets};
use crate::actors::{self, doors};
use crate::domain::Micros;
use crate::domain::bot::html;
use crate::domain::bot::keyboard::Payload;
use crate::domain::bot::provider::{self, Call, Names, Provider};
use crate::domain::bot::turn::Reply;
use crate::domain::content::{Choice, ChoiceOption, Content};
use crate::domain::doors::{Arrival, Place};
use crate::domain::posting::Post;
use crate::domain::{AccountId, Refusal};
use crate::outbound::Failure;
use crate::store::bots::integrations::{self, Integration};
use crate::store::bots::journal::{self, Mishap};
use crate::store::jobs::{self, Job, NewJob};
use crate::store::{Connection, StoreError, if_there};

/// How long a call is tried, in microseconds.
const TRIED_FOR: Micros = 3_600_000_000;

/// A call that is owed to a chat.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Sending {
    integration: String,
    call: Call,
    chat: String,
    /// The delivery and the recipient that it is for.
    #[serde(default)]
    told: Option<(String, String)>,
}

/// Words that are owed to a thread.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Saying {
    integration: String,
    bot: AccountId,
    chat: String,
    person: String,
    names: Names,
    text: String,
    content: Option<Content>,
    client_id: String,
}

/// Writes calls into the transaction under way.
pub(super) fn add_calls(
    connection: &mut Connection,
    integration: &str,
    chat: &str,
    calls: Vec<Call>,
    told: Option<&(String, String)>,
    now: Micros,
) -> Result<(), StoreError> {
    for call in calls {
        let recipient = format!("botsend:{integration}:{chat}");
        let sending = Sending { integration: integration.into(), call, chat: chat.into(), told: told.cloned() };
        jobs::add(connection, &NewJob { kind: SEND, recipient, payload: json!(sending), due: now }, now)?;
    }
    Ok(())
}

/// Whom words are said to.
#[derive(Clone, Debug)]
pub(super) struct Hearer {
    pub(super) integration: String,
    pub(super) provider: Provider,
    pub(super) bot: AccountId,
    pub(super) chat: String,
    pub(super) person: String,
    pub(super) names: Names,
}

/// Writes what a bot says into the transaction under way: it is posted in the thread under a name of its own, so that a
/// repeat does nothing.
pub(super) fn add_words(
    connection: &mut Connection,
    hearer: &Hearer,
    replies: &[Reply],
    mark: &str,
    now: Micros,
) -> Result<(), StoreError> {
    for (at, reply) in replies.iter().enumerate().filter(|(_, reply)| !reply.is_empty()) {
        let saying = Saying {
            integration: hearer.integration.clone(),
            bot: hearer.bot,
            chat: hearer.chat.clone(),
            person: hearer.person.clone(),
            names: hearer.names.clone(),
            text: words(hearer.provider, &reply.text),
            content: content(reply),
            client_id: format!("{mark}:{at}"),
        };
        let recipient = format!("botsay:{}:{}", hearer.integration, hearer.chat);
        jobs::add(connection, &NewJob { kind: SAY, recipient, payload: json!(saying), due: now }, now)?;
    }
    Ok(())
}

/// A text as people in the thread read it.
fn words(provider: Provider, text: &str) -> String {
    let text = if provider == Provider::Telegram { html::plain(text) } else { text.to_owned() };
    text.replace("\\n", "\n")
}

/// The neutral form of what is said beyond the text.
fn content(reply: &Reply) -> Option<Content> {
    if reply.content.is_some() || reply.keyboard.is_empty() {
        return reply.content.clone();
    }
    let option = |button: &crate::domain::bot::keyboard::Button| {
        let (id, link) = match &button.payload {
            Payload::Text(text) => (text.clone(), None),
            Payload::Link(link) => (button.label.clone(), Some(link.clone())),
        };
        ChoiceOption { id, label: button.label.clone(), link, ..ChoiceOption::default() }
    };
    let options = reply.keyboard.iter().map(option).collect();
    Some(Content::Choice(Choice { element: "buttons".into(), options, ..Choice::default() }))
}

/// The integration will be gone after this transaction: its webhook is unset later (B8).
pub fn leave(connection: &mut Connection, one: &Integration, now: Micros) -> Result<(), StoreError> {
    let payload = json!({"provider": one.provider, "sealed": one.sealed});
    let recipient = format!("botunset:{}", one.id);
    jobs::add(connection, &NewJob { kind: UNSET, recipient, payload, due: now }, now)?;
    Ok(())
}

/// What a failed call means for its job.
fn verdict(failed: &CallFailed, age: Micros) -> Failure {
    if failed.is_refusal() || age > TRIED_FOR {
        return Failure::Never(failed.why.clone());
    }
    Failure::Later { why: failed.why.clone(), retry_after: failed.retry_after }
}

impl Bots {
    /// The integration, if it still is there and may send.
    pub(super) async fn integration(&self, id: &str) -> Result<Option<(Integration, Secrets)>, StoreError> {
        let id = id.to_owned();
        let read = move |connection: &mut Connection| if_there(integrations::get(connection, &id));
        let found = self.house.store.read(read).await?.filter(|one| one.enabled);
        Ok(found.and_then(|one| self.secrets(&one.sealed).map(|secrets| (one, secrets))))
    }

    /// Makes a call; what must not be tried again is told to the owner.
    pub(super) async fn send(&self, job: &Job, sending: Sending) -> Result<(), Failure> {
        let Some((integration, secrets)) = self.integration(&sending.integration).await? else { return Ok(()) };
        let mut done = self.call(&sending.call, &secrets.credentials).await;
        if done.as_ref().is_err_and(CallFailed::is_parse_error) {
            done = self.call(&provider::plain(&sending.call), &secrets.credentials).await;
        }
        let is_courtesy = matches!(sending.call.name.as_str(), "answerCallbackQuery" | "sendChatAction")
            || sending.call.json.get("sender_action").is_some();
        let failed = match done {
            Err(failed) if is_courtesy => {
                tracing::debug!(%failed, "a courtesy was refused");
                return Ok(());
            }
            Err(failed) => Some(failed),
            Ok(_) => None,
        };
        let failure = failed.as_ref().map(|failed| verdict(failed, self.house.clock.now() - job.created));
        if matches!(failure, Some(Failure::Later { .. })) {
            return failure.map_or(Ok(()), Err);
        }
        let (now, why) = (self.house.clock.now(), failure.as_ref().map(ToString::to_string));
        let write = move |connection: &mut Connection| {
            if let Some((delivery, recipient)) = &sending.told {
                journal::tell(connection, delivery, recipient, why.as_deref())?;
            }
            let Some(why) = why else { return Ok(()) };
            let mishap = Mishap {
                step: "send".into(),
                message: format!("{}: {why}", sending.call.name),
                chat: Some(format!("{}:{}", integration.provider, sending.chat)),
                ..Mishap::default()
            };
            journal::note(connection, &integration.bot_id, &mishap, now)
        };
        self.house.store.write(write).await?;
        failure.map_or(Ok(()), Err)
    }

    /// Unsets the webhook of an integration that is gone.
    pub(super) async fn unset(&self, payload: Value) -> Result<(), Failure> {
        let text = |name: &str| payload.get(name).and_then(Value::as_str).unwrap_or_default();
        let (Some(provider), Some(secrets)) = (Provider::named(text("provider")), self.secrets(text("sealed"))) else {
            return Ok(());
        };
        if provider == Provider::Messenger {
            return Ok(());
        }
        match self.connect(provider, &secrets, "", false, false).await {
            // the account may be gone, which is as good
            Err(failed) if failed.is_refusal() => Ok(()),
            Err(failed) => Err(Failure::Later { why: failed.why, retry_after: failed.retry_after }),
            Ok(_) => Ok(()),
        }
    }

    /// Where a partner is in the house.
    pub(super) async fn place(
        &self,
        integration: &str,
        chat: &str,
        person: &str,
        names: &Names,
        bot: AccountId,
    ) -> Result<Place, StoreError> {
        let arrival = Arrival {
            alone: false,
            widget: None,
            door: format!("builtin-bot:{integration}"),
            conversation: chat.to_owned(),
            sender: person.to_owned(),
            first_name: names.first.clone().or_else(|| names.username.clone()).unwrap_or_default(),
            last_name: names.last.clone().unwrap_or_default(),
            language: None,
            kind: self.house.config.widget.thread_type.clone(),
            bots: vec![bot],
            account: None,
            data: Value::Null,
            durable: false,
        };
        doors::enter(&self.house, arrival).await
    }

    /// Says something in the partner's thread, as the bot.
    pub(super) async fn say(&self, saying: Saying) -> Result<(), Failure> {
        let Saying { integration, bot, chat, person, names, text, content, client_id } = saying;
        let place = self.place(&integration, &chat, &person, &names, bot).await?;
        let post = Post {
            kind: "message".into(),
            text: text.trim().to_owned(),
            client_id: Some(client_id),
            content,
            unheard: true,
            ..Post::default()
        };
        settle(actors::post(&self.house, place.thread, bot, post, Vec::new()).await.map(drop))
    }
}

/// What a refusal of a post means: the house may have too much to do now; everything else stays as it is.
pub(super) fn settle(posted: Result<(), Refusal>) -> Result<(), Failure> {
    match posted {
        Ok(()) => Ok(()),
        Err(Refusal::Busy { .. } | Refusal::Unavailable) => Err(Failure::later("the thread is busy")),
        Err(refusal) => {
            tracing::info!(detail = refusal.detail(), "what a bot heard or said was not taken by its thread");
            Ok(())
        }
    }
}
