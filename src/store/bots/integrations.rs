//! Connections of bots to providers. Credentials come in sealed; nothing here can read them.

use diesel::prelude::*;
use serde_json::Value;

use super::super::StoreError;
use super::super::rows::{from_json, to_json};
use super::super::schema::bot_integrations;
use crate::domain::Micros;

/// A connection to a provider.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = bot_integrations)]
pub struct Integration {
    /// A UUID; the last part of the webhook's address.
    pub id: String,
    /// Of which bot.
    pub bot_id: String,
    /// `telegram`, `kik` or `messenger`.
    pub provider: String,
    /// The credentials, encrypted.
    pub sealed: String,
    /// What may be shown of them, as JSON.
    pub shown: String,
    /// A digest by which a credential that is used twice is found.
    pub mark: String,
    /// Whether messages are taken.
    pub enabled: bool,
    /// What the provider says of the account, as JSON.
    pub info: Option<String>,
    /// When it was made.
    pub created: Micros,
    /// When it was last changed.
    pub updated: Micros,
}

impl Integration {
    /// What may be shown of the credentials.
    pub fn shown(&self) -> Result<Value, StoreError> {
        from_json(&self.shown)
    }

    /// What the provider says of the account.
    pub fn info(&self) -> Result<Option<Value>, StoreError> {
        self.info.as_deref().map(from_json).transpose()
    }
}

/// Keeps a new one; a second one of the provider, or a credential in use, is a conflict.
pub fn create(connection: &mut SqliteConnection, new: &Integration) -> Result<(), StoreError> {
    diesel::insert_into(bot_integrations::table).values(new).execute(connection)?;
    Ok(())
}

/// The integration of that id.
pub fn get(connection: &mut SqliteConnection, id: &str) -> Result<Integration, StoreError> {
    Ok(bot_integrations::table.find(id).select(Integration::as_select()).first(connection)?)
}

/// The integration of a bot with a provider.
pub fn of_bot(connection: &mut SqliteConnection, bot: &str, provider: &str) -> Result<Option<Integration>, StoreError> {
    let found = bot_integrations::table
        .filter(bot_integrations::bot_id.eq(bot))
        .filter(bot_integrations::provider.eq(provider))
        .select(Integration::as_select());
    Ok(found.first(connection).optional()?)
}

/// All integrations of a bot.
pub fn all_of(connection: &mut SqliteConnection, bot: &str) -> Result<Vec<Integration>, StoreError> {
    let found = bot_integrations::table.filter(bot_integrations::bot_id.eq(bot)).select(Integration::as_select());
    Ok(found.load(connection)?)
}

/// Whether a credential is in use.
pub fn is_marked(connection: &mut SqliteConnection, mark: &str) -> Result<bool, StoreError> {
    let found = bot_integrations::table.filter(bot_integrations::mark.eq(mark));
    Ok(diesel::select(diesel::dsl::exists(found)).get_result(connection)?)
}

/// Enables or disables it, and keeps what the provider said of the account.
pub fn change(
    connection: &mut SqliteConnection,
    id: &str,
    enabled: bool,
    info: Option<&Value>,
    now: Micros,
) -> Result<Integration, StoreError> {
    let row = bot_integrations::table.find(id);
    let info = info.map(to_json).transpose()?;
    diesel::update(row)
        .set((
            bot_integrations::enabled.eq(enabled),
            info.map(|info| bot_integrations::info.eq(info)),
            bot_integrations::updated.eq(now),
        ))
        .execute(connection)?;
    get(connection, id)
}

/// Keeps other credentials of the same account, such as a secret that was added.
pub fn reseal(connection: &mut SqliteConnection, id: &str, sealed: &str, now: Micros) -> Result<(), StoreError> {
    diesel::update(bot_integrations::table.find(id))
        .set((bot_integrations::sealed.eq(sealed), bot_integrations::updated.eq(now)))
        .execute(connection)?;
    Ok(())
}

/// Deletes it.
pub fn delete(connection: &mut SqliteConnection, id: &str) -> Result<(), StoreError> {
    diesel::delete(bot_integrations::table.find(id)).execute(connection)?;
    Ok(())
}
