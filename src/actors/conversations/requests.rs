//! Requests of bots (bot-webhooks contract, 11 and 18): checked in the contract's order, carried out one after the other.

use serde_json::{Value, json};

use super::calls::Conversations;
use super::take::{Moved, take};
use super::{Lock, files};
use crate::domain::Refusal;
use crate::domain::conversation::batch::{self, ApiError};
use crate::domain::conversation::step::{EventResult, Input};
use crate::store::conversations::BotRow;
use crate::store::{StoreError, conversations, organisation};

/// The one version of the contract (17).
const VERSION: &str = "v1";

/// A request, before its body is read.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The key of the bot's address.
    pub key: String,
    /// The version named in the path; none means the newest.
    pub version: Option<String>,
    /// Whether the method is `POST`.
    pub is_post: bool,
    /// The value of `SECURITY-TOKEN`.
    pub token: Option<String>,
}

fn unavailable() -> ApiError {
    ApiError {
        retry_after: Some(1),
        ..ApiError::new(503, "unavailable", "The server could not do this now. Try again.")
    }
}

fn broken(error: StoreError) -> ApiError {
    tracing::warn!(%error, "a bot's request could not be looked up");
    unavailable()
}

fn refused(refusal: Refusal) -> ApiError {
    tracing::warn!(code = refusal.code(), "a bot's request was not carried out");
    unavailable()
}

fn over() -> ApiError {
    ApiError::new(410, "session_over", "This session is over.")
}

impl Conversations {
    /// The bot that asks. `same` compares secrets in constant time.
    ///
    /// # Errors
    /// `unknown_bot`, `unknown_version`, `method_not_allowed`, `unauthorized`.
    pub async fn authorize(&self, request: &Request, same: fn(&str, &str) -> bool) -> Result<BotRow, ApiError> {
        let key = request.key.clone();
        let bot = self.house.store.read(move |connection| organisation::bot_of_key(connection, &key)).await;
        let bot = bot.map_err(broken)?.filter(|bot| bot.settings.active);
        let bot = bot.ok_or_else(|| ApiError::new(404, "unknown_bot", "No active bot has this address."))?;
        if request.version.as_deref().is_some_and(|version| version != VERSION) {
            return Err(ApiError::new(404, "unknown_version", "There is one version: v1."));
        }
        if !request.is_post {
            return Err(ApiError::new(405, "method_not_allowed", "Events are sent with POST."));
        }
        let token = self.token(&bot.settings);
        let proven = token.zip(request.token.as_deref()).is_some_and(|(token, sent)| same(&token, sent));
        if !proven {
            let message = "The header SECURITY-TOKEN must have the bot's token.";
            return Err(ApiError::new(401, "unauthorized", message));
        }
        Ok(bot)
    }
}

/// Carries out the request of a bot that may ask; what became of each event.
///
/// # Errors
/// The others of the contract's part 18.
pub async fn request(conversations: &Conversations, bot: &BotRow, body: &[u8]) -> Result<Vec<EventResult>, ApiError> {
    let done = carry_out(conversations, bot, body).await;
    let result: Value = match &done {
        Ok(results) => json!({"status": 200, "results": results}),
        Err(error) => json!({"status": error.status, "error": error.body()["error"]}),
    };
    conversations.log(bot.id, json!({"kind": "request", "result": result})).await;
    done
}

async fn carry_out(conversations: &Conversations, bot: &BotRow, body: &[u8]) -> Result<Vec<EventResult>, ApiError> {
    let house = &conversations.house;
    let envelope = batch::open(body)?;
    let cid = envelope.cid.clone();
    let named = house.store.read(move |connection| conversations::session(connection, &cid)).await.map_err(broken)?;
    let named = named.filter(|session| session.bot == bot.id);
    let session = named.ok_or_else(|| ApiError::new(404, "unknown_session", "This bot never had such a session."))?;
    if session.over {
        return Err(over());
    }
    let thread = session.thread;
    let _order = house.conversations.lock(thread, Lock::Request).await;
    let counted = Moved { admit: Some((envelope.cid.clone(), bot.id)), ..Moved::default() };
    let counted = take(house, thread, counted).await.map_err(refused)?.ok_or_else(over)?;
    if let Some(error) = counted.not_admitted {
        return Err(error);
    }
    let batch = envelope.read()?;
    let (batch, found) = files::fetch(house, &conversations.outbound.caller, batch).await?;
    let inputs = vec![Input::Api { cid: envelope.cid, batch }];
    let moved = Moved { inputs, files: found.clone(), ..Moved::default() };
    let taken = take(house, thread, moved).await.map_err(refused)?.ok_or_else(over)?;
    if taken.step.refused.is_some() {
        files::forget(house, found);
        return Err(over());
    }
    Ok(taken.step.results)
}
