//! The session of a browser at Botkit's door (botkit contract, 8): a cookie of our own, not the label in its frames.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};

use crate::web::Doors;
use crate::web::entry::keys::digest;

/// The cookie's name.
const COOKIE: &str = "tertulia_botkit";
/// How long the cookie lasts since it was last used.
const LASTS: Duration = Duration::days(30);

/// A browser's session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    secret: String,
}

impl Session {
    /// The session that the browser sent along, if this server made it.
    pub(super) fn of(request: &HttpRequest, doors: &Doors) -> Option<Session> {
        let cookie = request.cookie(COOKIE)?;
        let secret = cookie.value().to_owned();
        doors.keys.is_browser(&secret).then_some(Session { secret })
    }

    /// The browser's session, or a new one.
    pub(super) fn of_or_new(request: &HttpRequest, doors: &Doors) -> Session {
        Session::of(request, doors).unwrap_or_else(|| Session { secret: doors.keys.browser() })
    }

    /// The name under which it is stored: who reads the tables cannot use it.
    pub(super) fn name(&self) -> String {
        digest(&self.secret)
    }

    /// The cookie that keeps it, renewed on each use, as a header's value.
    pub(super) fn cookie(&self, doors: &Doors) -> String {
        let secure = doors.public_url.starts_with("https://");
        let embedded = secure && !doors.house.config.botkit.embedded_by.is_empty();
        let cookie = Cookie::build(COOKIE, self.secret.clone())
            .path("/")
            .http_only(true)
            .secure(secure)
            .max_age(LASTS)
            .same_site(if embedded { SameSite::None } else { SameSite::Lax })
            .finish();
        // without the word, browsers keep no cookie of a frame on another site; the crate does not know it yet
        if embedded { format!("{cookie}; Partitioned") } else { cookie.to_string() }
    }
}

/// The cookie that goes with a page of the site: the session exists before the client dials.
pub fn cookie_for_page(request: &HttpRequest, doors: &Doors) -> String {
    Session::of_or_new(request, doors).cookie(doors)
}
