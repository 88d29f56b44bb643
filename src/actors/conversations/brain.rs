//! What answers a bot's calls: chosen by the bot's kind, behind one small trait.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::rasa::RasaServer;
use crate::domain::conversation::batch::{self, Batch, MAX_BODY};
use crate::domain::conversation::settings::{BotKind, BotSettings};
use crate::domain::conversation::step::Call;
use crate::outbound::calls::{NoReply, Posting};
use crate::outbound::{Caller, Seal};

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// It was answered, and the answer was read.
    Batch(Batch),
    /// It was answered with what cannot be read; why.
    Unreadable(String),
    /// Another status.
    Status(u16),
    /// No answer, since there was no connection.
    Connect,
    /// No answer in time.
    Timeout,
}

/// One try of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// How it ended.
    pub end: End,
    /// Whether another try may help: the bot cannot have acted.
    pub again: bool,
}

impl Attempt {
    /// A try after which there is no other.
    pub fn last(end: End) -> Self {
        Self { end, again: false }
    }

    /// What staff read of it.
    pub fn note(&self) -> Value {
        match &self.end {
            End::Batch(batch) => json!({"outcome": "answered", "status": 200, "events": batch.events.len()}),
            End::Unreadable(why) => json!({"outcome": "unreadable", "why": why}),
            End::Status(status) => json!({"outcome": "status", "status": status}),
            End::Connect => json!({"outcome": "connect"}),
            End::Timeout => json!({"outcome": "timeout"}),
        }
    }
}

/// Answers the calls of bots of one kind. A call may come twice, as after a crash: the delivery is the same then.
pub trait Brain: Send + Sync {
    /// Makes one try.
    fn answer<'a>(&'a self, call: &'a Call, bot: &'a BotSettings) -> BoxFuture<'a, Attempt>;
}

/// All kinds. Cloning is cheap.
#[derive(Clone)]
pub struct Brains {
    webhook: Arc<dyn Brain>,
    rasa: Arc<dyn Brain>,
    /// Bots of this house, once there are some.
    pub builtin: Option<Arc<dyn Brain>>,
}

impl Brains {
    /// Those that are called over HTTP.
    pub fn new(caller: &Caller, seal: &Seal) -> Self {
        Self {
            webhook: Arc::new(Webhook { caller: caller.clone(), seal: seal.clone() }),
            rasa: Arc::new(RasaServer::new(caller.clone(), seal.clone())),
            builtin: None,
        }
    }

    /// The one that answers this bot's calls.
    pub(super) fn of(&self, kind: BotKind) -> Option<&Arc<dyn Brain>> {
        match kind {
            BotKind::Webhook => Some(&self.webhook),
            BotKind::Rasa => Some(&self.rasa),
            BotKind::Builtin => self.builtin.as_ref(),
        }
    }
}

/// A bot behind a webhook (contract, 7).
struct Webhook {
    caller: Caller,
    seal: Seal,
}

impl Brain for Webhook {
    fn answer<'a>(&'a self, call: &'a Call, bot: &'a BotSettings) -> BoxFuture<'a, Attempt> {
        Box::pin(async move {
            let posting = Posting {
                url: bot.webhook_url.clone(),
                headers: headers(&self.seal, call, bot),
                body: call.body().to_string().into_bytes(),
            };
            match self.caller.post(posting, MAX_BODY).await {
                Err(why) => no_reply(why),
                Ok(reply) if reply.status == 200 => Attempt::last(match batch::answer(&reply.body, &call.cid) {
                    Ok(batch) => End::Batch(batch),
                    Err(error) => End::Unreadable(why(&error)),
                }),
                Ok(reply) => Attempt { end: End::Status(reply.status), again: is_passing(reply.status) },
            }
        })
    }
}

/// What is wrong with an answer, in one line.
fn why(error: &batch::ApiError) -> String {
    let details = error.details.iter().map(|one| format!("; [{}] {}: {}", one.index, one.field, one.code));
    format!("{}: {}{}", error.code, error.message, details.collect::<String>())
}

/// The headers of a call; secrets are opened here and nowhere else.
pub(super) fn headers(seal: &Seal, call: &Call, bot: &BotSettings) -> Vec<(String, String)> {
    let own = bot.webhook_headers.iter().filter_map(|(name, sealed)| Some((name.clone(), seal.open(sealed)?)));
    own.chain([("X-Tertulia-Delivery".to_owned(), call.delivery.clone())]).collect()
}

/// Statuses after which another try may help (contract, 7.4).
pub(super) fn is_passing(status: u16) -> bool {
    matches!(status, 502..=504)
}

/// What it means that there is no answer.
pub(super) fn no_reply(why: NoReply) -> Attempt {
    match why {
        NoReply::Connect => Attempt { end: End::Connect, again: true },
        // the bot may have acted already
        NoReply::Broken => Attempt::last(End::Connect),
        NoReply::Timeout => Attempt::last(End::Timeout),
        NoReply::TooLarge => Attempt::last(End::Unreadable("the answer is larger than 1 MiB".to_owned())),
    }
}
