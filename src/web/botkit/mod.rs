//! Botkit's door (botkit contract): a WebSocket at the root, `POST /botkit/receive` and `/api/messages`, and the history.
//!
//! # The road
//!
//! ```text
//! frame ──read──▶ [`visitors`] (session + label ──▶ visitor) ──enter/say──▶ thread … commit ──▶ listener ──▶ [`socket`] ──▶ frames
//! ```
//!
//! - [`session`]: the cookie that is the credential; `user` is a label only.
//! - [`visitors`]: which visitor a session means by a label, and their thread ([`actors::doors`](crate::actors::doors)).
//! - [`socket`]: one connection. It follows the threads of its visitors and sends what is new, each message once.
//! - [`webhook`]: one request, one reply (0.7), or all replies of the turn (4.x).
//! - [`history`]: the last words, for the session that said them.
//! - [`rooms`]: who is connected, and who lost a connection a moment ago.
//!
//! What a visitor missed is the rows after the cursor of their conversation: sent in order after the next connect, at most
//! [`MISSED`] and not older than `botkit.outbox_age`.

mod history;
mod rooms;
mod session;
mod socket;
mod visitors;
mod webhook;

use actix_web::guard::{self, GuardContext};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, Route, web};
use serde_json::json;

pub use rooms::Rooms;
pub use session::cookie_for_page;

use super::error::ApiError;
use crate::config;
use crate::domain::botkit::safe::Trust;
use crate::domain::{AccountId, Message};

/// Messages that are sent to somebody who was away, at most.
const MISSED: i64 = 50;

/// The POSTs of the door.
pub fn routes(config: &mut web::ServiceConfig) {
    let only_post = || web::to(other_method);
    config
        .service(web::resource("/botkit/receive").route(web::post().to(webhook::receive)).default_service(only_post()))
        .service(web::resource("/api/messages").route(web::post().to(webhook::turn)).default_service(only_post()))
        .service(web::resource("/botkit/history").route(web::post().to(history::history)).default_service(only_post()));
}

/// The upgrade at the root, beside the page that is there.
pub fn socket_route() -> Route {
    let upgrades = |context: &GuardContext<'_>| {
        let header = context.head().headers().get("upgrade").and_then(|value| value.to_str().ok());
        header.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
    };
    web::route().guard(guard::Get()).guard(guard::fn_guard(upgrades)).to(socket::upgrade)
}

async fn other_method(request: HttpRequest) -> HttpResponse {
    let code = format!("The method {} is not offered here.", request.method());
    refusal(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", &code)
}

/// A refusal in the form of this door (7).
fn refusal(status: StatusCode, code: &str, message: &str) -> HttpResponse {
    HttpResponse::build(status).json(json!({"error": {"code": code, "message": message}}))
}

/// The same of what the house refuses.
fn refused(error: &ApiError) -> HttpResponse {
    let status = actix_web::ResponseError::status_code(error);
    let code = if status == StatusCode::FORBIDDEN { "forbidden" } else { "unavailable" };
    let mut response = refusal(status, code, "This could not be done now.");
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let seconds = actix_web::http::header::HeaderValue::from_static("1");
        response.headers_mut().insert(actix_web::http::header::RETRY_AFTER, seconds);
    }
    response
}

/// How far what an account says is trusted: only bots that the settings name.
fn trust(config: &config::Botkit, trusted: &[AccountId], message: &Message) -> Trust {
    let by_name = message.sender.is_some_and(|sender| {
        trusted.contains(&sender) || config.trusted.iter().any(|name| name.parse() == Ok(sender))
    });
    if by_name { Trust::Author } else { Trust::Person }
}
