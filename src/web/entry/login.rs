//! Operators sign in with a password and out again; the server itself prints a one-use link for the demo operator.

use std::sync::Arc;

use actix_web::cookie::{Cookie, SameSite, time::Duration as CookieDuration};
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::caller::{authenticate, enabled};
use super::keys::{digest, random_token, same};
use crate::domain::AccountId;
use crate::store::accounts::{self, Credential};
use crate::web::Doors;
use crate::web::error::ApiError;
use crate::web::pages;

/// The cookie of an operator's login.
pub const COOKIE: &str = "tertulia_session";
/// The shortest password.
pub const MIN_PASSWORD: usize = 10;
/// The longest password, so that hashing is bounded.
const MAX_PASSWORD: usize = 1_000;
/// Passwords hashed at once: each takes memory and time on purpose.
const AT_ONCE: usize = 2;

/// Checks passwords, a few at once.
#[derive(Clone)]
pub struct Passwords {
    room: Arc<Semaphore>,
    /// The hash of nobody's password: an unknown address takes as long as a known one.
    nobody: Arc<str>,
}

/// The argon2 hash of a password.
pub fn hash(password: &str) -> anyhow::Result<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    Ok(hash.map_err(|error| anyhow::anyhow!("the password could not be hashed: {error}"))?.to_string())
}

impl Passwords {
    /// Ready to check.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self { room: Arc::new(Semaphore::new(AT_ONCE)), nobody: hash(&random_token(""))?.into() })
    }

    /// Whether the password fits the hash; without a hash the same work is done, for nothing.
    pub async fn fits(&self, password: String, stored: Option<String>) -> bool {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.nobody.to_string());
        let Ok(_place) = self.room.acquire().await else { return false };
        if password.len() > MAX_PASSWORD {
            return false;
        }
        let check = move || Argon2::default().verify_password(password.as_bytes(), stored.as_str()).is_ok();
        web::block(check).await.unwrap_or(false) && known
    }
}

/// The form of the sign-in page.
#[derive(Deserialize)]
pub struct LoginForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

/// Where to go after signing in: a page of this server, never elsewhere.
fn local(next: &str) -> &str {
    let fine = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains(['\\', '\r', '\n', '\t'])
        && !next.starts_with("/logout");
    if fine { next } else { "/desk" }
}

/// Signs in.
pub async fn login(
    request: HttpRequest,
    doors: web::Data<Doors>,
    form: web::Form<LoginForm>,
) -> Result<HttpResponse, ApiError> {
    doors.limits.login(&request)?;
    let LoginForm { email, password, next } = form.into_inner();
    let address = email.trim().to_lowercase();
    let known = doors.house.store.read(move |connection| accounts::by_email(connection, &address)).await?;
    let hash = known.as_ref().and_then(|known| known.password_hash.clone());
    let fits = doors.passwords.fits(password, hash).await;
    match known.filter(|known| fits && !known.disabled && known.account.role.works_at_the_desk()) {
        Some(known) => enter(&doors, known.account.id, local(&next)).await,
        None => pages::login_page(Some("This address and password do not fit.".to_owned()), local(&next), true),
    }
}

/// A ticket in an address.
#[derive(Deserialize)]
pub struct TicketQuery {
    #[serde(default)]
    ticket: String,
}

/// Signs in by a link that the server printed: good once, for a short while.
pub async fn link(doors: web::Data<Doors>, query: web::Query<TicketQuery>) -> Result<HttpResponse, ApiError> {
    match doors.links.redeem(&query.ticket) {
        Some(bearer) if enabled(&doors, bearer.account).await?.is_some() => {
            enter(&doors, bearer.account, "/desk").await
        }
        _ => {
            let error = "This link was used already, or is too old. Start the server again for a new one.";
            pages::login_page(Some(error.to_owned()), "/desk", true)
        }
    }
}

async fn enter(doors: &Doors, account: AccountId, next: &str) -> Result<HttpResponse, ApiError> {
    let (secret, csrf) = (random_token(""), random_token(""));
    let now = doors.house.clock.now();
    let lifetime = doors.house.config.auth.login;
    let expires = now.saturating_add(i64::try_from(lifetime.as_micros()).unwrap_or(i64::MAX));
    let digest = digest(&secret);
    let note = move |connection: &mut crate::store::Connection| {
        accounts::create_login(connection, account, &digest, &csrf, (now, expires))
    };
    doors.house.store.write(note).await?;
    let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
    let cookie = cookie(doors, secret, CookieDuration::seconds(seconds));
    Ok(HttpResponse::SeeOther().cookie(cookie).insert_header((LOCATION, next)).finish())
}

fn cookie(doors: &Doors, value: String, lifetime: CookieDuration) -> Cookie<'static> {
    Cookie::build(COOKIE, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(doors.public_url.starts_with("https://"))
        .max_age(lifetime)
        .finish()
}

/// The form of the sign-out button.
#[derive(Deserialize)]
pub struct LogoutForm {
    #[serde(default)]
    csrf: String,
}

/// Signs out, and ends what the login had opened.
pub async fn logout(
    request: HttpRequest,
    doors: web::Data<Doors>,
    form: web::Form<LogoutForm>,
) -> Result<HttpResponse, ApiError> {
    if let Some(caller) = authenticate(&doors, &request).await?
        && let (Credential::Login(login), Some(csrf)) = (caller.credential, &caller.csrf)
    {
        if !same(csrf, &form.csrf) {
            return Err(crate::domain::Refusal::Forbidden.into());
        }
        let now = doors.house.clock.now();
        doors.house.store.write(move |connection| accounts::end_login(connection, login, now)).await?;
        doors.revoke(&[accounts::Revoked::Login(login)]);
    }
    let gone = cookie(&doors, String::new(), CookieDuration::ZERO);
    Ok(HttpResponse::SeeOther().cookie(gone).insert_header((LOCATION, "/")).finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_signing_in_one_stays_on_this_server() {
        let table = [
            ("/desk", "/desk"),
            ("/api/docs?x=1", "/api/docs?x=1"),
            ("", "/desk"),
            ("https://evil.example", "/desk"),
            ("//evil.example", "/desk"),
            ("/\\evil.example", "/desk"),
            ("desk", "/desk"),
            ("/a\r\nSet-Cookie: x", "/desk"),
            ("/logout", "/desk"),
        ];
        for (next, expected) in table {
            assert_eq!(local(next), expected, "{next}");
        }
    }

    #[tokio::test]
    async fn only_the_right_password_fits() {
        let passwords = Passwords::new().expect("ready");
        let stored = hash("correct horse").expect("hashed");
        assert!(passwords.fits("correct horse".into(), Some(stored.clone())).await);
        assert!(!passwords.fits("wrong horse".into(), Some(stored.clone())).await);
        assert!(!passwords.fits("correct horse".into(), None).await);
        assert!(!passwords.fits("x".repeat(5_000), Some(stored)).await);
    }
}
