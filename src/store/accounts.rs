//! Accounts, their tokens and logins, and what was revoked. Secrets come in as digests; nothing here sees one.

use diesel::prelude::*;

use super::StoreError;
use super::rows::AccountRow;
use super::schema::{accounts, api_tokens, logins, revocations};
pub use crate::domain::account::{Credential, Revoked};
use crate::domain::{Account, AccountId, Micros, Role};

/// An account about to be made.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// E-mail address, unique.
    pub email: Option<String>,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Role.
    pub role: Role,
    /// The address of a picture.
    pub avatar: Option<String>,
    /// Argon2 hash of the password.
    pub password_hash: Option<String>,
    /// The account's name elsewhere, unique: `jwt:<issuer>:<sub>`, `widget:<user_id>`.
    pub external_id: Option<String>,
    /// The code of its language.
    pub language: Option<String>,
}

/// An account with what signing in needs.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The account.
    pub account: Account,
    /// Argon2 hash of the password, if it has one.
    pub password_hash: Option<String>,
    /// Whether it may not come in.
    pub disabled: bool,
}

/// One account.
pub fn get(connection: &mut SqliteConnection, id: AccountId) -> Result<Account, StoreError> {
    Ok(accounts::table.find(id).select(AccountRow::as_select()).first(connection)?.into())
}

/// These accounts, as far as they exist.
pub fn many(connection: &mut SqliteConnection, ids: &[AccountId]) -> Result<Vec<Account>, StoreError> {
    let rows = accounts::table.filter(accounts::id.eq_any(ids)).select(AccountRow::as_select()).load(connection)?;
    Ok(rows.into_iter().map(Account::from).collect())
}

/// A page of all accounts.
pub fn list(connection: &mut SqliteConnection, offset: i64, limit: i64) -> Result<Vec<Account>, StoreError> {
    let page = accounts::table.order(accounts::id).offset(offset).limit(limit).select(AccountRow::as_select());
    Ok(page.load(connection)?.into_iter().map(Account::from).collect())
}

/// Everyone who works at the desk, at most `most`.
pub fn desk(connection: &mut SqliteConnection, most: i64) -> Result<Vec<Account>, StoreError> {
    let roles = [Role::Operator.as_str(), Role::Superuser.as_str()];
    let found = accounts::table
        .filter(accounts::role.eq_any(roles))
        .filter(accounts::disabled.eq(false))
        .order(accounts::id)
        .limit(most)
        .select(AccountRow::as_select());
    Ok(found.load(connection)?.into_iter().map(Account::from).collect())
}

/// Makes an account; an e-mail address or external id that is taken is a conflict.
pub fn create(connection: &mut SqliteConnection, new: &NewAccount, now: Micros) -> Result<Account, StoreError> {
    let row = diesel::insert_into(accounts::table)
        .values((
            accounts::email.eq(&new.email),
            accounts::first_name.eq(&new.first_name),
            accounts::last_name.eq(&new.last_name),
            accounts::role.eq(new.role.as_str()),
            accounts::avatar.eq(&new.avatar),
            accounts::password_hash.eq(&new.password_hash),
            accounts::external_id.eq(&new.external_id),
            accounts::language.eq(&new.language),
            accounts::created.eq(now),
            accounts::updated.eq(now),
        ))
        .returning(AccountRow::as_returning())
        .get_result(connection)?;
    Ok(row.into())
}

type CredentialsRow = (AccountRow, Option<String>, bool);

fn credentials((row, password_hash, disabled): CredentialsRow) -> Credentials {
    Credentials { account: row.into(), password_hash, disabled }
}

/// The account of that e-mail address, whatever its case.
pub fn by_email(connection: &mut SqliteConnection, email: &str) -> Result<Option<Credentials>, StoreError> {
    let found = accounts::table
        .filter(accounts::email.eq(email.to_lowercase()))
        .select((AccountRow::as_select(), accounts::password_hash, accounts::disabled))
        .first::<CredentialsRow>(connection)
        .optional()?;
    Ok(found.map(credentials))
}

/// The bot of that name, if there is exactly one.
pub fn bot_called(connection: &mut SqliteConnection, name: &str) -> Result<Option<Account>, StoreError> {
    let bots = accounts::table.filter(accounts::role.eq(Role::Bot.as_str())).select(AccountRow::as_select());
    let mut named: Vec<Account> = bots.load(connection)?.into_iter().map(Account::from).collect();
    named.retain(|bot| bot.full_name() == name);
    Ok(if named.len() == 1 { named.pop() } else { None })
}

/// The account of that id, with what signing in needs.
pub fn with_credentials(connection: &mut SqliteConnection, id: AccountId) -> Result<Option<Credentials>, StoreError> {
    let found = accounts::table
        .find(id)
        .select((AccountRow::as_select(), accounts::password_hash, accounts::disabled))
        .first::<CredentialsRow>(connection)
        .optional()?;
    Ok(found.map(credentials))
}

/// The account of that external id.
pub fn by_external_id(connection: &mut SqliteConnection, external: &str) -> Result<Option<Credentials>, StoreError> {
    let found = accounts::table
        .filter(accounts::external_id.eq(external))
        .select((AccountRow::as_select(), accounts::password_hash, accounts::disabled))
        .first::<CredentialsRow>(connection)
        .optional()?;
    Ok(found.map(credentials))
}

/// Sets the language that an account is spoken to in.
pub fn set_language(
    connection: &mut SqliteConnection,
    id: AccountId,
    language: Option<&str>,
    now: Micros,
) -> Result<(), StoreError> {
    let changed = (accounts::language.eq(language), accounts::updated.eq(now));
    diesel::update(accounts::table.find(id)).set(changed).execute(connection)?;
    Ok(())
}

/// Sets the names, e-mail and picture that an outside source says are right now.
pub fn refresh(
    connection: &mut SqliteConnection,
    id: AccountId,
    first_name: &str,
    last_name: &str,
    now: Micros,
) -> Result<(), StoreError> {
    diesel::update(accounts::table.find(id))
        .set((accounts::first_name.eq(first_name), accounts::last_name.eq(last_name), accounts::updated.eq(now)))
        .execute(connection)?;
    Ok(())
}

/// Sets the password and ends everything that the old one had opened.
pub fn set_password(
    connection: &mut SqliteConnection,
    id: AccountId,
    hash: &str,
    now: Micros,
) -> Result<(), StoreError> {
    let changed = diesel::update(accounts::table.find(id))
        .set((accounts::password_hash.eq(hash), accounts::updated.eq(now)))
        .execute(connection)?;
    if changed == 0 {
        return Err(StoreError::Missing);
    }
    diesel::delete(logins::table.filter(logins::account_id.eq(id))).execute(connection)?;
    revoke(connection, Revoked::Account(id), now)
}

/// Locks an account out, or lets it in again.
pub fn set_disabled(
    connection: &mut SqliteConnection,
    id: AccountId,
    disabled: bool,
    now: Micros,
) -> Result<(), StoreError> {
    let changed = diesel::update(accounts::table.find(id))
        .set((accounts::disabled.eq(disabled), accounts::updated.eq(now)))
        .execute(connection)?;
    if changed == 0 {
        return Err(StoreError::Missing);
    }
    if disabled {
        diesel::delete(logins::table.filter(logins::account_id.eq(id))).execute(connection)?;
        revoke(connection, Revoked::Account(id), now)?;
    }
    Ok(())
}

/// Makes a token; its number.
pub fn create_token(
    connection: &mut SqliteConnection,
    account: AccountId,
    digest: &str,
    label: &str,
    expires: Option<Micros>,
    now: Micros,
) -> Result<i64, StoreError> {
    get(connection, account)?;
    Ok(diesel::insert_into(api_tokens::table)
        .values((
            api_tokens::account_id.eq(account),
            api_tokens::digest.eq(digest),
            api_tokens::label.eq(label),
            api_tokens::created.eq(now),
            api_tokens::expires.eq(expires),
        ))
        .returning(api_tokens::id)
        .get_result(connection)?)
}

/// Who a token belongs to, if it is good now.
pub fn by_token(
    connection: &mut SqliteConnection,
    digest: &str,
    now: Micros,
) -> Result<Option<(Account, Credential)>, StoreError> {
    let found = api_tokens::table
        .inner_join(accounts::table.on(accounts::id.eq(api_tokens::account_id)))
        .filter(api_tokens::digest.eq(digest))
        .filter(api_tokens::expires.is_null().or(api_tokens::expires.gt(now)))
        .filter(accounts::disabled.eq(false))
        .select((AccountRow::as_select(), api_tokens::id))
        .first::<(AccountRow, i64)>(connection)
        .optional()?;
    Ok(found.map(|(row, id)| (row.into(), Credential::Token(id))))
}

/// A token as lists show it.
#[derive(Clone, Debug, Queryable)]
pub struct TokenInfo {
    /// Its number.
    pub id: i64,
    /// Whose.
    pub account: AccountId,
    /// What it is for.
    pub label: String,
    /// When it was made.
    pub created: Micros,
    /// Until when it is good.
    pub expires: Option<Micros>,
}

/// The tokens of an account.
pub fn tokens(connection: &mut SqliteConnection, account: AccountId) -> Result<Vec<TokenInfo>, StoreError> {
    let of = api_tokens::table.filter(api_tokens::account_id.eq(account)).order(api_tokens::id);
    let columns = (api_tokens::id, api_tokens::account_id, api_tokens::label, api_tokens::created, api_tokens::expires);
    Ok(of.select(columns).load(connection)?)
}

/// Ends a token and what it opened.
pub fn revoke_token(connection: &mut SqliteConnection, id: i64, now: Micros) -> Result<(), StoreError> {
    if diesel::delete(api_tokens::table.find(id)).execute(connection)? == 0 {
        return Err(StoreError::Missing);
    }
    revoke(connection, Revoked::Token(id), now)
}

/// Notes a login; its number.
pub fn create_login(
    connection: &mut SqliteConnection,
    account: AccountId,
    digest: &str,
    csrf: &str,
    (now, expires): (Micros, Micros),
) -> Result<i64, StoreError> {
    diesel::delete(logins::table.filter(logins::expires.le(now))).execute(connection)?;
    Ok(diesel::insert_into(logins::table)
        .values((
            logins::account_id.eq(account),
            logins::digest.eq(digest),
            logins::csrf.eq(csrf),
            logins::created.eq(now),
            logins::expires.eq(expires),
        ))
        .returning(logins::id)
        .get_result(connection)?)
}

/// Whose login this is, if it is good now, and its CSRF token.
pub fn by_login(
    connection: &mut SqliteConnection,
    digest: &str,
    now: Micros,
) -> Result<Option<(Account, Credential, String)>, StoreError> {
    let found = logins::table
        .inner_join(accounts::table.on(accounts::id.eq(logins::account_id)))
        .filter(logins::digest.eq(digest))
        .filter(logins::expires.gt(now))
        .filter(accounts::disabled.eq(false))
        .select((AccountRow::as_select(), logins::id, logins::csrf))
        .first::<(AccountRow, i64, String)>(connection)
        .optional()?;
    Ok(found.map(|(row, id, csrf)| (row.into(), Credential::Login(id), csrf)))
}

/// Ends a login and what it opened.
pub fn end_login(connection: &mut SqliteConnection, id: i64, now: Micros) -> Result<(), StoreError> {
    diesel::delete(logins::table.find(id)).execute(connection)?;
    revoke(connection, Revoked::Login(id), now)
}

/// Notes what is to be closed.
fn revoke(connection: &mut SqliteConnection, what: Revoked, now: Micros) -> Result<(), StoreError> {
    let (kind, reference) = match what {
        Revoked::Token(id) => ("token", id),
        Revoked::Login(id) => ("login", id),
        Revoked::Account(id) => ("account", id),
    };
    diesel::insert_into(revocations::table)
        .values((revocations::kind.eq(kind), revocations::reference.eq(reference), revocations::at.eq(now)))
        .execute(connection)?;
    Ok(())
}

/// What was revoked after number `after`, and the number of the last.
pub fn revoked_since(connection: &mut SqliteConnection, after: i64) -> Result<(Vec<Revoked>, i64), StoreError> {
    let rows = revocations::table
        .filter(revocations::id.gt(after))
        .order(revocations::id)
        .limit(1_000)
        .select((revocations::id, revocations::kind, revocations::reference))
        .load::<(i64, String, i64)>(connection)?;
    let last = rows.last().map_or(after, |row| row.0);
    let revoked = rows.into_iter().filter_map(|(_, kind, reference)| match kind.as_str() {
        "token" => Some(Revoked::Token(reference)),
        "login" => Some(Revoked::Login(reference)),
        "account" => Some(Revoked::Account(reference)),
        _ => None,
    });
    Ok((revoked.collect(), last))
}

/// The number of the last revocation.
pub fn last_revocation(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    Ok(revocations::table.select(diesel::dsl::max(revocations::id)).first::<Option<i64>>(connection)?.unwrap_or(0))
}

/// Forgets revocations of before `before`; every server has seen them.
pub fn prune_revocations(connection: &mut SqliteConnection, before: Micros) -> Result<(), StoreError> {
    diesel::delete(revocations::table.filter(revocations::at.lt(before))).execute(connection)?;
    Ok(())
}
