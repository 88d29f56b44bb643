//! Built-in bots: who owns them, their configuration in versions, and everything that is kept per bot.
//!
//! A configuration is one [`Document`]. Whatever changes it loads it, changes it and stores the next version in one
//! transaction, so a reader sees a whole document or the one before it.
//!
//! - [`integrations`]: the connections to providers. [`chats`]: where partners are, and what is known of them.
//! - [`intake`]: what came in, once. [`journal`]: errors, and deliveries of notification hooks.

pub mod chats;
pub mod intake;
pub mod integrations;
pub mod journal;

use diesel::prelude::*;

use super::rows::{from_json, to_json};
use super::schema::{bot_hook_keys, builtin_bot_versions, builtin_bots};
use super::{StoreError, accounts};
use crate::domain::bot::document::Document;
use crate::domain::{AccountId, Micros, Role};

/// Versions of a bot that are kept.
const KEPT_VERSIONS: i64 = 50;

/// A built-in bot without its configuration.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = builtin_bots)]
pub struct Bot {
    /// A UUID.
    pub id: String,
    /// Whose it is.
    pub owner_id: AccountId,
    /// Who it is in threads.
    pub account_id: AccountId,
    /// What its owner calls it.
    pub name: String,
    /// The version that runs.
    pub live: i64,
    /// Whether each change is live at once.
    pub auto_publish: bool,
    /// When it was made.
    pub created: Micros,
    /// When it was last renamed.
    pub updated: Micros,
}

/// A version as lists show it.
#[derive(Clone, Debug, Queryable)]
pub struct Version {
    /// Its number.
    pub version: i64,
    /// What made it.
    pub note: String,
    /// When.
    pub created: Micros,
}

/// A new id: a UUID of version 4.
pub fn new_id() -> String {
    let mut bytes: [u8; 16] = rand::random();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// Makes a bot without anything in it, and its account.
pub fn create(connection: &mut SqliteConnection, owner: AccountId, name: &str, now: Micros) -> Result<Bot, StoreError> {
    let id = new_id();
    let account = accounts::NewAccount {
        email: None,
        first_name: name.to_owned(),
        last_name: String::new(),
        role: Role::Bot,
        avatar: None,
        password_hash: None,
        external_id: Some(format!("builtin-bot:{id}")),
        language: None,
    };
    let account = accounts::create(connection, &account, now)?;
    diesel::insert_into(builtin_bots::table)
        .values((
            builtin_bots::id.eq(&id),
            builtin_bots::owner_id.eq(owner),
            builtin_bots::account_id.eq(account.id),
            builtin_bots::name.eq(name),
            builtin_bots::live.eq(0),
            builtin_bots::auto_publish.eq(true),
            builtin_bots::variables.eq("{}"),
            builtin_bots::created.eq(now),
            builtin_bots::updated.eq(now),
        ))
        .execute(connection)?;
    publish_document(connection, &id, &Document::default(), "made", now)?;
    get(connection, &id)
}

/// A bot.
pub fn get(connection: &mut SqliteConnection, id: &str) -> Result<Bot, StoreError> {
    Ok(builtin_bots::table.find(id).select(Bot::as_select()).first(connection)?)
}

/// A bot of this owner; somebody else's is missing, so that nobody learns that it exists (B1).
pub fn owned(connection: &mut SqliteConnection, id: &str, owner: AccountId) -> Result<Bot, StoreError> {
    let own = builtin_bots::table.find(id).filter(builtin_bots::owner_id.eq(owner));
    Ok(own.select(Bot::as_select()).first(connection)?)
}

/// The bots of an owner, the oldest first.
pub fn list(connection: &mut SqliteConnection, owner: AccountId) -> Result<Vec<Bot>, StoreError> {
    let own = builtin_bots::table.filter(builtin_bots::owner_id.eq(owner));
    Ok(own.order((builtin_bots::created, builtin_bots::id)).select(Bot::as_select()).load(connection)?)
}

/// The ids of all bots.
pub fn all(connection: &mut SqliteConnection) -> Result<Vec<String>, StoreError> {
    Ok(builtin_bots::table.select(builtin_bots::id).load(connection)?)
}

/// Renames a bot, in threads too.
pub fn rename(connection: &mut SqliteConnection, bot: &Bot, name: &str, now: Micros) -> Result<(), StoreError> {
    accounts::refresh(connection, bot.account_id, name, "", now)?;
    diesel::update(builtin_bots::table.find(&bot.id))
        .set((builtin_bots::name.eq(name), builtin_bots::updated.eq(now)))
        .execute(connection)?;
    Ok(())
}

/// Whether changes are live at once from now on.
pub fn set_auto_publish(connection: &mut SqliteConnection, id: &str, auto: bool) -> Result<(), StoreError> {
    diesel::update(builtin_bots::table.find(id)).set(builtin_bots::auto_publish.eq(auto)).execute(connection)?;
    Ok(())
}

/// Deletes a bot and everything in it. Its account stays, because what it said stays; it cannot come in any more.
pub fn delete(connection: &mut SqliteConnection, bot: &Bot, now: Micros) -> Result<(), StoreError> {
    diesel::delete(builtin_bots::table.find(&bot.id)).execute(connection)?;
    accounts::set_disabled(connection, bot.account_id, true, now)
}

/// The configuration that runs, with its version.
pub fn live(connection: &mut SqliteConnection, id: &str) -> Result<(i64, Document), StoreError> {
    let version = builtin_bots::table.find(id).select(builtin_bots::live).first(connection)?;
    Ok((version, version_of(connection, id, version)?))
}

/// The configuration of a version.
pub fn version_of(connection: &mut SqliteConnection, id: &str, version: i64) -> Result<Document, StoreError> {
    let found = builtin_bot_versions::table.find((id, version)).select(builtin_bot_versions::document);
    from_json(&found.first::<String>(connection)?)
}

/// The configuration that is worked on: the draft, or what runs.
pub fn current(connection: &mut SqliteConnection, id: &str) -> Result<Document, StoreError> {
    let draft: Option<String> = builtin_bots::table.find(id).select(builtin_bots::draft).first(connection)?;
    match draft {
        Some(draft) => from_json(&draft),
        None => Ok(live(connection, id)?.1),
    }
}

/// Stores a changed configuration: as what runs, or as the draft when the bot does not publish by itself.
pub fn put(
    connection: &mut SqliteConnection,
    bot: &Bot,
    document: &Document,
    note: &str,
    now: Micros,
) -> Result<(), StoreError> {
    if bot.auto_publish {
        return publish_document(connection, &bot.id, document, note, now);
    }
    let text = to_json(document)?;
    diesel::update(builtin_bots::table.find(&bot.id)).set(builtin_bots::draft.eq(text)).execute(connection)?;
    Ok(())
}

/// Makes the draft what runs; whether there was one.
pub fn publish(connection: &mut SqliteConnection, id: &str, note: &str, now: Micros) -> Result<bool, StoreError> {
    let draft: Option<String> = builtin_bots::table.find(id).select(builtin_bots::draft).first(connection)?;
    let Some(draft) = draft else { return Ok(false) };
    publish_document(connection, id, &from_json(&draft)?, note, now)?;
    Ok(true)
}

/// Makes a document the next version, and what runs.
pub fn publish_document(
    connection: &mut SqliteConnection,
    id: &str,
    document: &Document,
    note: &str,
    now: Micros,
) -> Result<(), StoreError> {
    let of_bot = builtin_bot_versions::table.filter(builtin_bot_versions::bot_id.eq(id));
    let last: Option<i64> = of_bot.select(diesel::dsl::max(builtin_bot_versions::version)).first(connection)?;
    let version = last.unwrap_or(0) + 1;
    diesel::insert_into(builtin_bot_versions::table)
        .values((
            builtin_bot_versions::bot_id.eq(id),
            builtin_bot_versions::version.eq(version),
            builtin_bot_versions::document.eq(to_json(document)?),
            builtin_bot_versions::note.eq(note),
            builtin_bot_versions::created.eq(now),
        ))
        .execute(connection)?;
    diesel::delete(of_bot.filter(builtin_bot_versions::version.le(version - KEPT_VERSIONS))).execute(connection)?;
    diesel::update(builtin_bots::table.find(id))
        .set((builtin_bots::live.eq(version), builtin_bots::draft.eq(None::<String>)))
        .execute(connection)?;
    diesel::delete(bot_hook_keys::table.filter(bot_hook_keys::bot_id.eq(id))).execute(connection)?;
    for hook in &document.hooks {
        diesel::insert_into(bot_hook_keys::table)
            .values((
                bot_hook_keys::key.eq(&hook.key),
                bot_hook_keys::bot_id.eq(id),
                bot_hook_keys::hook_id.eq(&hook.stamp.id),
            ))
            .execute(connection)?;
    }
    Ok(())
}

/// The versions that are kept, the newest first.
pub fn versions(connection: &mut SqliteConnection, id: &str) -> Result<Vec<Version>, StoreError> {
    let found = builtin_bot_versions::table
        .filter(builtin_bot_versions::bot_id.eq(id))
        .order(builtin_bot_versions::version.desc())
        .select((builtin_bot_versions::version, builtin_bot_versions::note, builtin_bot_versions::created));
    Ok(found.load(connection)?)
}

/// Whether there is a draft.
pub fn has_draft(connection: &mut SqliteConnection, id: &str) -> Result<bool, StoreError> {
    Ok(builtin_bots::table.find(id).select(builtin_bots::draft.is_not_null()).first(connection)?)
}

/// The bot and the hook of an address.
pub fn by_hook_key(connection: &mut SqliteConnection, key: &str) -> Result<Option<(Bot, String)>, StoreError> {
    let found = bot_hook_keys::table.find(key).select((bot_hook_keys::bot_id, bot_hook_keys::hook_id));
    match found.first::<(String, String)>(connection).optional()? {
        Some((bot, hook)) => Ok(Some((get(connection, &bot)?, hook))),
        None => Ok(None),
    }
}

/// What is set for all chats of a bot.
pub fn variables(
    connection: &mut SqliteConnection,
    id: &str,
) -> Result<serde_json::Map<String, serde_json::Value>, StoreError> {
    from_json(&builtin_bots::table.find(id).select(builtin_bots::variables).first::<String>(connection)?)
}

/// Sets it.
pub fn set_variables(
    connection: &mut SqliteConnection,
    id: &str,
    variables: &serde_json::Map<String, serde_json::Value>,
) -> Result<(), StoreError> {
    let text = to_json(variables)?;
    diesel::update(builtin_bots::table.find(id)).set(builtin_bots::variables.eq(text)).execute(connection)?;
    Ok(())
}
