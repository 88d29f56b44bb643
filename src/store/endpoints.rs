//! Where accounts are reached while they are away: their browsers, and webhooks of their own.

use diesel::prelude::*;

use super::StoreError;
use super::schema::{account_webhooks, push_subscriptions};
use crate::domain::{AccountId, Micros};

/// The most browsers of one account; the oldest makes room.
const MAX_BROWSERS: i64 = 20;

/// A browser that takes push messages.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Browser {
    /// Its number.
    pub id: i64,
    /// Whose.
    pub account: AccountId,
    /// Where messages for it are sent.
    pub endpoint: String,
    /// Its public key, base64url.
    pub p256dh: String,
    /// Its shared secret, base64url.
    pub auth: String,
}

/// Where an account's notifications are sent.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Webhook {
    /// The address.
    pub url: String,
    /// The secret they are signed with.
    pub secret: String,
}

type Columns = (
    push_subscriptions::id,
    push_subscriptions::account_id,
    push_subscriptions::endpoint,
    push_subscriptions::p256dh,
    push_subscriptions::auth,
);

const COLUMNS: Columns = (
    push_subscriptions::id,
    push_subscriptions::account_id,
    push_subscriptions::endpoint,
    push_subscriptions::p256dh,
    push_subscriptions::auth,
);

/// An account's browsers.
pub fn browsers(connection: &mut SqliteConnection, account: AccountId) -> Result<Vec<Browser>, StoreError> {
    let own = push_subscriptions::table.filter(push_subscriptions::account_id.eq(account));
    Ok(own.order(push_subscriptions::id).select(COLUMNS).load(connection)?)
}

/// One browser.
pub fn browser(connection: &mut SqliteConnection, id: i64) -> Result<Option<Browser>, StoreError> {
    Ok(push_subscriptions::table.find(id).select(COLUMNS).first(connection).optional()?)
}

/// Notes a browser; its number. One that is known already belongs to whoever signed in last.
pub fn add_browser(connection: &mut SqliteConnection, new: &Browser, now: Micros) -> Result<i64, StoreError> {
    use push_subscriptions as known;
    let values = (
        known::account_id.eq(new.account),
        known::endpoint.eq(&new.endpoint),
        known::p256dh.eq(&new.p256dh),
        known::auth.eq(&new.auth),
        known::created.eq(now),
    );
    let id = diesel::insert_into(known::table)
        .values(values)
        .on_conflict(known::endpoint)
        .do_update()
        .set(values)
        .returning(known::id)
        .get_result(connection)?;
    let newest =
        known::table.filter(known::account_id.eq(new.account)).order((known::created.desc(), known::id.desc()));
    let surplus: Vec<i64> =
        newest.offset(MAX_BROWSERS).limit(i64::from(u16::MAX)).select(known::id).load(connection)?;
    diesel::delete(known::table.filter(known::id.eq_any(surplus))).execute(connection)?;
    Ok(id)
}

/// Forgets an account's browser by its endpoint; whether it was known.
pub fn forget_endpoint(
    connection: &mut SqliteConnection,
    account: AccountId,
    endpoint: &str,
) -> Result<bool, StoreError> {
    let own = push_subscriptions::table
        .filter(push_subscriptions::account_id.eq(account))
        .filter(push_subscriptions::endpoint.eq(endpoint));
    Ok(diesel::delete(own).execute(connection)? > 0)
}

/// Forgets a browser that is gone.
pub fn forget_browser(connection: &mut SqliteConnection, id: i64) -> Result<(), StoreError> {
    diesel::delete(push_subscriptions::table.find(id)).execute(connection)?;
    Ok(())
}

/// An account's own webhook.
pub fn webhook(connection: &mut SqliteConnection, account: AccountId) -> Result<Option<Webhook>, StoreError> {
    let own = account_webhooks::table.find(account).select((account_webhooks::url, account_webhooks::secret));
    Ok(own.first(connection).optional()?)
}

/// Sets or takes away an account's own webhook.
pub fn set_webhook(
    connection: &mut SqliteConnection,
    account: AccountId,
    webhook: Option<&Webhook>,
) -> Result<(), StoreError> {
    diesel::delete(account_webhooks::table.find(account)).execute(connection)?;
    if let Some(Webhook { url, secret }) = webhook {
        let row = (
            account_webhooks::account_id.eq(account),
            account_webhooks::url.eq(url),
            account_webhooks::secret.eq(secret),
        );
        diesel::insert_into(account_webhooks::table).values(row).execute(connection)?;
    }
    Ok(())
}
