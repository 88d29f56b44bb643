//! What owners can look up: errors of their bots, and what became of posts to notification hooks.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::StoreError;
use super::super::rows::{from_json, to_json};
use super::super::schema::{bot_deliveries, bot_errors, bot_hook_secrets};
use crate::domain::Micros;

/// Errors that are kept per bot.
const KEPT_ERRORS: i64 = 500;
/// The longest error that is kept, in characters.
const MAX_ERROR: usize = 1_000;

/// Something that went wrong.
#[derive(Clone, Debug, Default, Queryable)]
pub struct Mishap {
    /// Its number.
    pub id: i64,
    /// In which handler.
    pub handler: Option<String>,
    /// At which step.
    pub step: String,
    /// What; secrets are masked.
    pub message: String,
    /// In which chat: `provider:chat`.
    pub chat: Option<String>,
    /// When.
    pub created: Micros,
}

/// Notes what went wrong.
pub fn note(connection: &mut SqliteConnection, bot: &str, mishap: &Mishap, now: Micros) -> Result<(), StoreError> {
    let message: String = mishap.message.chars().take(MAX_ERROR).collect();
    let id: i64 = diesel::insert_into(bot_errors::table)
        .values((
            bot_errors::bot_id.eq(bot),
            bot_errors::handler.eq(&mishap.handler),
            bot_errors::step.eq(&mishap.step),
            bot_errors::message.eq(message),
            bot_errors::chat.eq(&mishap.chat),
            bot_errors::created.eq(now),
        ))
        .returning(bot_errors::id)
        .get_result(connection)?;
    let old = bot_errors::table
        .filter(bot_errors::bot_id.eq(bot))
        .order(bot_errors::id.desc())
        .offset(KEPT_ERRORS)
        .select(bot_errors::id)
        .first::<i64>(connection)
        .optional()?;
    if let Some(last) = old {
        let gone = bot_errors::table.filter(bot_errors::bot_id.eq(bot)).filter(bot_errors::id.le(last));
        diesel::delete(gone.filter(bot_errors::id.lt(id))).execute(connection)?;
    }
    Ok(())
}

/// The last errors of a bot, the newest first.
pub fn errors(connection: &mut SqliteConnection, bot: &str, limit: i64) -> Result<Vec<Mishap>, StoreError> {
    let found =
        bot_errors::table.filter(bot_errors::bot_id.eq(bot)).order(bot_errors::id.desc()).limit(limit).select((
            bot_errors::id,
            bot_errors::handler,
            bot_errors::step,
            bot_errors::message,
            bot_errors::chat,
            bot_errors::created,
        ));
    Ok(found.load(connection)?)
}

/// One chat that a hook wrote to, and what became of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Told {
    /// The recipient's id.
    pub recipient: String,
    /// `telegram`, `kik` or `messenger`.
    pub provider: String,
    /// `waiting`, `sent`, `failed` or `skipped`.
    pub state: String,
    /// Why it failed.
    pub error: Option<String>,
    /// Calls that are still to be made.
    pub left: usize,
}

/// A post to a hook.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = bot_deliveries)]
pub struct Delivery {
    /// A UUID.
    pub id: String,
    /// Of which bot.
    pub bot_id: String,
    /// Of which hook.
    pub hook_id: String,
    /// `waiting`, `sent` or `failed`.
    pub state: String,
    /// Why nothing was sent.
    pub error: Option<String>,
    recipients: String,
    /// When it came.
    pub created: Micros,
}

impl Delivery {
    /// The chats that it goes to.
    pub fn recipients(&self) -> Result<Vec<Told>, StoreError> {
        from_json(&self.recipients)
    }
}

/// Notes a post; `None` when it came already under this idempotency key.
pub fn begin(
    connection: &mut SqliteConnection,
    (id, bot, hook): (&str, &str, &str),
    idempotency_key: Option<&str>,
    now: Micros,
) -> Result<Option<String>, StoreError> {
    let made = diesel::insert_or_ignore_into(bot_deliveries::table)
        .values((
            bot_deliveries::id.eq(id),
            bot_deliveries::bot_id.eq(bot),
            bot_deliveries::hook_id.eq(hook),
            bot_deliveries::idempotency_key.eq(idempotency_key),
            bot_deliveries::state.eq("waiting"),
            bot_deliveries::recipients.eq("[]"),
            bot_deliveries::created.eq(now),
        ))
        .execute(connection)?;
    if made == 1 {
        return Ok(None);
    }
    let known = bot_deliveries::table
        .filter(bot_deliveries::hook_id.eq(hook))
        .filter(bot_deliveries::idempotency_key.eq(idempotency_key))
        .select(bot_deliveries::id);
    Ok(Some(known.first(connection)?))
}

/// Posts to a hook since an instant.
pub fn posted_since(connection: &mut SqliteConnection, hook: &str, since: Micros) -> Result<i64, StoreError> {
    let found =
        bot_deliveries::table.filter(bot_deliveries::hook_id.eq(hook)).filter(bot_deliveries::created.gt(since));
    Ok(found.count().get_result(connection)?)
}

/// A post of a bot's hook.
pub fn delivery(connection: &mut SqliteConnection, bot: &str, hook: &str, id: &str) -> Result<Delivery, StoreError> {
    let found =
        bot_deliveries::table.find(id).filter(bot_deliveries::bot_id.eq(bot)).filter(bot_deliveries::hook_id.eq(hook));
    Ok(found.select(Delivery::as_select()).first(connection)?)
}

/// The last posts to a hook, the newest first.
pub fn deliveries(
    connection: &mut SqliteConnection,
    bot: &str,
    hook: &str,
    limit: i64,
) -> Result<Vec<Delivery>, StoreError> {
    let found = bot_deliveries::table
        .filter(bot_deliveries::bot_id.eq(bot))
        .filter(bot_deliveries::hook_id.eq(hook))
        .order(bot_deliveries::created.desc())
        .limit(limit);
    Ok(found.select(Delivery::as_select()).load(connection)?)
}

/// Sets whom a post goes to, or why it goes nowhere; whether it was still waiting for that.
pub fn expand(
    connection: &mut SqliteConnection,
    id: &str,
    told: &[Told],
    error: Option<&str>,
) -> Result<bool, StoreError> {
    let state = match error {
        Some(_) => "failed",
        None if told.iter().all(|one| one.left == 0) => "sent",
        None => "sending",
    };
    let row = bot_deliveries::table.find(id).filter(bot_deliveries::state.eq("waiting"));
    let changed = diesel::update(row)
        .set((
            bot_deliveries::state.eq(state),
            bot_deliveries::error.eq(error),
            bot_deliveries::recipients.eq(to_json(&told)?),
        ))
        .execute(connection)?;
    Ok(changed == 1)
}

/// Notes what became of one call to a recipient.
pub fn tell(
    connection: &mut SqliteConnection,
    id: &str,
    recipient: &str,
    error: Option<&str>,
) -> Result<(), StoreError> {
    let row = bot_deliveries::table.find(id).select(Delivery::as_select());
    let Some(delivery) = row.first(connection).optional()? else { return Ok(()) };
    let mut told = delivery.recipients()?;
    for one in told.iter_mut().filter(|one| one.recipient == recipient) {
        one.left = one.left.saturating_sub(1);
        match error {
            Some(error) => (one.state, one.error) = ("failed".to_owned(), Some(error.to_owned())),
            None if one.left == 0 && one.state == "waiting" => one.state = "sent".to_owned(),
            None => {}
        }
    }
    let open = told.iter().any(|one| one.left > 0);
    let failed = told.iter().any(|one| one.state == "failed");
    let state = if open {
        "sending"
    } else if failed {
        "failed"
    } else {
        "sent"
    };
    diesel::update(bot_deliveries::table.find(id))
        .set((bot_deliveries::state.eq(state), bot_deliveries::recipients.eq(to_json(&told)?)))
        .execute(connection)?;
    Ok(())
}

/// Forgets posts that came before.
pub fn forget_before(connection: &mut SqliteConnection, before: Micros) -> Result<usize, StoreError> {
    Ok(diesel::delete(bot_deliveries::table.filter(bot_deliveries::created.lt(before))).execute(connection)?)
}

/// The sealed secret of a hook.
pub fn hook_secret(connection: &mut SqliteConnection, hook: &str) -> Result<Option<String>, StoreError> {
    Ok(bot_hook_secrets::table.find(hook).select(bot_hook_secrets::sealed).first(connection).optional()?)
}

/// Sets it, or takes it away.
pub fn set_hook_secret(
    connection: &mut SqliteConnection,
    bot: &str,
    hook: &str,
    sealed: Option<&str>,
) -> Result<(), StoreError> {
    diesel::delete(bot_hook_secrets::table.find(hook)).execute(connection)?;
    if let Some(sealed) = sealed {
        diesel::insert_into(bot_hook_secrets::table)
            .values((
                bot_hook_secrets::hook_id.eq(hook),
                bot_hook_secrets::bot_id.eq(bot),
                bot_hook_secrets::sealed.eq(sealed),
            ))
            .execute(connection)?;
    }
    Ok(())
}
