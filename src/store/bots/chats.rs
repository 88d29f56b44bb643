//! Where chat partners are, what is known of chats and people, and what the buttons of a chat stand for.

use diesel::prelude::*;
use serde_json::Value;

use super::super::StoreError;
use super::super::rows::{from_json, to_json};
use super::super::schema::{bot_chats, bot_known, bot_tickets};
use super::new_id;
use crate::domain::Micros;

/// Whom a chat is with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// Of which bot.
    pub bot: String,
    /// `telegram`, `kik` or `messenger`.
    pub provider: String,
    /// The provider's name for the chat.
    pub chat: String,
    /// The provider's name for the person.
    pub person: String,
}

/// One chat partner of a bot.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = bot_chats)]
pub struct Chat {
    /// A UUID.
    pub id: String,
    /// Of which bot.
    pub bot_id: String,
    /// `telegram`, `kik` or `messenger`.
    pub provider: String,
    /// The provider's name for the chat.
    pub chat: String,
    /// The provider's name for the person.
    pub person: String,
    /// In which state; none outside of all.
    pub state_id: Option<String>,
    data: String,
    /// When it was made.
    pub created: Micros,
    /// When it was last changed.
    pub updated: Micros,
}

impl Chat {
    /// Everything that a turn knows of the chat.
    pub fn data<T: serde::de::DeserializeOwned>(&self) -> Result<T, StoreError> {
        from_json(&self.data)
    }
}

/// The chat with a partner.
pub fn find(connection: &mut SqliteConnection, partner: &Partner) -> Result<Option<Chat>, StoreError> {
    let found = bot_chats::table
        .filter(bot_chats::bot_id.eq(&partner.bot))
        .filter(bot_chats::provider.eq(&partner.provider))
        .filter(bot_chats::chat.eq(&partner.chat))
        .filter(bot_chats::person.eq(&partner.person))
        .select(Chat::as_select());
    Ok(found.first(connection).optional()?)
}

/// Keeps where a chat is.
pub fn put<T: serde::Serialize>(
    connection: &mut SqliteConnection,
    partner: &Partner,
    state: Option<&str>,
    data: &T,
    now: Micros,
) -> Result<Chat, StoreError> {
    let text = to_json(data)?;
    diesel::insert_into(bot_chats::table)
        .values((
            bot_chats::id.eq(new_id()),
            bot_chats::bot_id.eq(&partner.bot),
            bot_chats::provider.eq(&partner.provider),
            bot_chats::chat.eq(&partner.chat),
            bot_chats::person.eq(&partner.person),
            bot_chats::state_id.eq(state),
            bot_chats::data.eq(&text),
            bot_chats::created.eq(now),
            bot_chats::updated.eq(now),
        ))
        .on_conflict((bot_chats::bot_id, bot_chats::provider, bot_chats::chat, bot_chats::person))
        .do_update()
        .set((bot_chats::state_id.eq(state), bot_chats::data.eq(&text), bot_chats::updated.eq(now)))
        .execute(connection)?;
    find(connection, partner)?.ok_or(StoreError::Missing)
}

/// Moves a chat to another partner; one that is there already is a conflict.
pub fn readdress(connection: &mut SqliteConnection, id: &str, chat: &str, person: &str) -> Result<(), StoreError> {
    diesel::update(bot_chats::table.find(id))
        .set((bot_chats::chat.eq(chat), bot_chats::person.eq(person)))
        .execute(connection)?;
    Ok(())
}

/// The chats of a bot on a provider that are in some state, the oldest first; at most `limit`.
pub fn list(connection: &mut SqliteConnection, bot: &str, provider: &str, limit: i64) -> Result<Vec<Chat>, StoreError> {
    let found = bot_chats::table
        .filter(bot_chats::bot_id.eq(bot))
        .filter(bot_chats::provider.eq(provider))
        .filter(bot_chats::state_id.is_not_null())
        .order((bot_chats::created, bot_chats::id))
        .limit(limit)
        .select(Chat::as_select());
    Ok(found.load(connection)?)
}

/// One of them.
pub fn get(connection: &mut SqliteConnection, bot: &str, provider: &str, id: &str) -> Result<Chat, StoreError> {
    let found = bot_chats::table
        .find(id)
        .filter(bot_chats::bot_id.eq(bot))
        .filter(bot_chats::provider.eq(provider))
        .filter(bot_chats::state_id.is_not_null())
        .select(Chat::as_select());
    Ok(found.first(connection)?)
}

/// Forgets where a chat is.
pub fn delete(connection: &mut SqliteConnection, id: &str) -> Result<(), StoreError> {
    diesel::delete(bot_chats::table.find(id)).execute(connection)?;
    Ok(())
}

/// How many chats are in a state.
pub fn in_state(connection: &mut SqliteConnection, bot: &str, state: &str) -> Result<i64, StoreError> {
    let found = bot_chats::table.filter(bot_chats::bot_id.eq(bot)).filter(bot_chats::state_id.eq(state));
    Ok(found.count().get_result(connection)?)
}

/// Forgets the chats that are in a state.
pub fn delete_in_state(connection: &mut SqliteConnection, bot: &str, state: &str) -> Result<(), StoreError> {
    let found = bot_chats::table.filter(bot_chats::bot_id.eq(bot)).filter(bot_chats::state_id.eq(state));
    diesel::delete(found).execute(connection)?;
    Ok(())
}

/// Notes that a provider told of a chat (`chat`) or a person (`person`), and what it calls them now (B37).
pub fn know(
    connection: &mut SqliteConnection,
    (bot, provider): (&str, &str),
    (kind, name): (&str, &str),
    data: &Value,
    now: Micros,
) -> Result<(), StoreError> {
    let text = to_json(data)?;
    diesel::insert_into(bot_known::table)
        .values((
            bot_known::bot_id.eq(bot),
            bot_known::provider.eq(provider),
            bot_known::kind.eq(kind),
            bot_known::name.eq(name),
            bot_known::data.eq(&text),
            bot_known::updated.eq(now),
        ))
        .on_conflict((bot_known::bot_id, bot_known::provider, bot_known::kind, bot_known::name))
        .do_update()
        .set((bot_known::data.eq(&text), bot_known::updated.eq(now)))
        .execute(connection)?;
    Ok(())
}

/// Whether a provider ever told of it.
pub fn is_known(
    connection: &mut SqliteConnection,
    (bot, provider): (&str, &str),
    (kind, name): (&str, &str),
) -> Result<bool, StoreError> {
    let found = bot_known::table.find((bot, provider, kind, name));
    Ok(diesel::select(diesel::dsl::exists(found)).get_result(connection)?)
}

/// What the buttons of a chat stand for.
pub fn tickets<T: serde::de::DeserializeOwned + Default>(
    connection: &mut SqliteConnection,
    (bot, provider, chat): (&str, &str, &str),
) -> Result<T, StoreError> {
    let found = bot_tickets::table.find((bot, provider, chat)).select(bot_tickets::data);
    match found.first::<String>(connection).optional()? {
        Some(text) => from_json(&text),
        None => Ok(T::default()),
    }
}

/// Keeps it.
pub fn set_tickets<T: serde::Serialize>(
    connection: &mut SqliteConnection,
    (bot, provider, chat): (&str, &str, &str),
    tickets: &T,
) -> Result<(), StoreError> {
    let text = to_json(tickets)?;
    diesel::insert_into(bot_tickets::table)
        .values((
            bot_tickets::bot_id.eq(bot),
            bot_tickets::provider.eq(provider),
            bot_tickets::chat.eq(chat),
            bot_tickets::data.eq(&text),
        ))
        .on_conflict((bot_tickets::bot_id, bot_tickets::provider, bot_tickets::chat))
        .do_update()
        .set(bot_tickets::data.eq(&text))
        .execute(connection)?;
    Ok(())
}
