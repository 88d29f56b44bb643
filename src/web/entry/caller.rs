//! The caller of a request: whoever the presented credentials stand for.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, web};

use super::jwt::Claims;
use super::keys::{digest, same};
use super::login::COOKIE;
use crate::domain::{Account, AccountId, Refusal, Role};
use crate::store::accounts::{self, Credential, NewAccount};
use crate::store::{Connection, StoreError};
use crate::web::Doors;
use crate::web::error::ApiError;

/// Who is asking.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The account.
    pub account: Arc<Account>,
    /// What was presented.
    pub credential: Credential,
    /// The CSRF token of an operator's login.
    pub csrf: Option<String>,
}

/// The header that repeats an operator's CSRF token.
pub const CSRF_HEADER: &str = "X-CSRF-Token";

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let doors = request.app_data::<web::Data<Doors>>().ok_or_else(ApiError::not_authenticated)?.clone();
            let caller = authenticate(&doors, &request).await?.ok_or_else(ApiError::not_authenticated)?;
            check_csrf(&request, &caller)?;
            Ok(caller)
        })
    }
}

/// A cookie is sent by the browser whoever wrote the page, so what changes something must prove its page is ours.
fn check_csrf(request: &HttpRequest, caller: &Caller) -> Result<(), ApiError> {
    let Some(csrf) = &caller.csrf else { return Ok(()) };
    let sent = request.headers().get(CSRF_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if request.method().is_safe() || same(sent, csrf) { Ok(()) } else { Err(Refusal::Forbidden.into()) }
}

/// Who the request's header or cookie stands for; `None` when it has neither. Credentials that are no good are an
/// error, not a stranger.
pub async fn authenticate(doors: &Doors, request: &HttpRequest) -> Result<Option<Caller>, ApiError> {
    if let Some(header) = request.headers().get(AUTHORIZATION) {
        let header = header.to_str().map_err(|_| ApiError::bad_credentials("The Authorization header is no text."))?;
        return by_header(doors, header).await.map(Some);
    }
    match request.cookie(COOKIE) {
        Some(cookie) => by_cookie(doors, cookie.value()).await,
        None => Ok(None),
    }
}

async fn by_header(doors: &Doors, header: &str) -> Result<Caller, ApiError> {
    let (scheme, value) = header.split_once(' ').unwrap_or((header, ""));
    let value = value.trim();
    let found = match scheme.to_ascii_lowercase().as_str() {
        "token" => by_token(doors, value).await?,
        "bearer" => by_jwt(doors, value).await?,
        "visitor" => by_visitor_token(doors, value).await?,
        _ => return Err(ApiError::bad_credentials("Write Authorization: Token …, Bearer … or Visitor ….")),
    };
    let (account, credential) = found.ok_or_else(|| ApiError::bad_credentials("Invalid or expired token."))?;
    Ok(Caller { account: Arc::new(account), credential, csrf: None })
}

async fn by_cookie(doors: &Doors, secret: &str) -> Result<Option<Caller>, ApiError> {
    let (digest, now) = (digest(secret), doors.house.clock.now());
    let found = doors.house.store.read(move |connection| accounts::by_login(connection, &digest, now)).await?;
    // a login that has ended is a stranger: the page offers to sign in
    Ok(found.map(|(account, credential, csrf)| Caller { account: Arc::new(account), credential, csrf: Some(csrf) }))
}

/// Whose API token this is.
pub async fn by_token(doors: &Doors, secret: &str) -> Result<Option<(Account, Credential)>, ApiError> {
    let (digest, now) = (digest(secret), doors.house.clock.now());
    Ok(doors.house.store.read(move |connection| accounts::by_token(connection, &digest, now)).await?)
}

/// An account that may come in.
pub async fn enabled(doors: &Doors, id: AccountId) -> Result<Option<Account>, ApiError> {
    let found = doors.house.store.read(move |connection| accounts::with_credentials(connection, id)).await?;
    Ok(found.filter(|known| !known.disabled).map(|known| known.account))
}

async fn by_visitor_token(doors: &Doors, token: &str) -> Result<Option<(Account, Credential)>, ApiError> {
    let now = doors.house.clock.now() / 1_000_000;
    let lifetime = i64::try_from(doors.house.config.widget.visitor.as_secs()).unwrap_or(i64::MAX);
    let Some(id) = doors.keys.visitor(token, now, lifetime) else { return Ok(None) };
    Ok(enabled(doors, id).await?.map(|account| (account, Credential::Signed)))
}

/// Whose token of the embedding site this is.
pub async fn by_jwt(doors: &Doors, token: &str) -> Result<Option<(Account, Credential)>, ApiError> {
    let Some(claims) = doors.jwt.as_ref().and_then(|verifier| verifier.check(token)) else { return Ok(None) };
    let external = claims.external_id();
    let known = doors.house.store.read(move |connection| accounts::by_external_id(connection, &external)).await?;
    match known {
        Some(known) if known.disabled => Ok(None),
        Some(known) => Ok(Some((known.account, Credential::Signed))),
        None => {
            let now = doors.house.clock.now();
            let make = move |connection: &mut Connection| first_sight(connection, &claims, now);
            Ok(Some((doors.house.store.write(make).await?, Credential::Signed)))
        }
    }
}

/// Makes the account of a user whom the embedding site sends for the first time.
fn first_sight(connection: &mut Connection, claims: &Claims, now: i64) -> Result<Account, StoreError> {
    let external = claims.external_id();
    // two requests may have come at once
    if let Some(known) = accounts::by_external_id(connection, &external)? {
        return Ok(known.account);
    }
    let free = |connection: &mut Connection, email: &String| {
        Ok::<_, StoreError>(accounts::by_email(connection, email)?.is_none())
    };
    let email = match claims.email.as_ref().map(|email| email.to_lowercase()) {
        Some(email) if free(connection, &email)? => Some(email),
        _ => None,
    };
    let (first_name, last_name) = claims.names();
    let new = NewAccount {
        email,
        first_name,
        last_name,
        role: Role::Member,
        avatar: claims.picture.clone().filter(|url| url.starts_with("https://")),
        password_hash: None,
        external_id: Some(external),
        language: None,
    };
    accounts::create(connection, &new, now)
}
