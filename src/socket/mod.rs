//! The multiplexed WebSocket door (design, part 6): one connection carries all of a user's threads.
//!
//! - [`frame`]: what clients send, parsed; what they are answered, written.
//! - [`inflow`]: what comes in, frames that are too large refused at their head.
//! - [`session`]: the actor of one connection: carries commands to seats, answers them.
//! - [`resuming`]: which frames are held while threads are resumed, so that nothing arrives twice or out of order.
//! - [`catching_up`]: `resume`. [`closing`]: codes and reasons when this side closes.
//! - [`body`]: the response body: the actor's control frames and everything in the outbox, in one write.
//!
//! # How a frame leaves
//!
//! Everything except pongs and the answer to a close goes through the session's [`Outbox`](crate::actors::Outbox), pushed by
//! seats as finished bytes. The [body](body::Body) takes all that waits and hands it to the connection as one chunk, so
//! a burst costs one system call.
//!
//! # Slow readers
//!
//! When the peer takes nothing, the body is not polled, and neither is the session's actor. Nothing here depends on
//! its own timer then: the outbox is bounded, heartbeats are judged by [`presence`](crate::actors::presence), and the
//! listening socket's `TCP_USER_TIMEOUT` closes what nobody reads.
//!
//! # Invariants
//!
//! The session asks actors, never the store. It decides nothing about threads. Its input is bounded: frame size,
//! commands under way, joined fragments.

mod body;
mod catching_up;
mod closing;
mod frame;
mod inflow;
mod resuming;
mod session;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use actix_web::http::{StatusCode, Version, header};
use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::actors::House;
use crate::domain::Account;
use crate::domain::account::Credential;

/// The only version of WebSocket (RFC 6455, 4.4).
const VERSION: &str = "13";

/// The length of a handshake's nonce, in bytes (RFC 6455, 4.1).
const NONCE: usize = 16;

/// The protocol's version, told in `hello`.
pub const PROTOCOL: u32 = 1;

/// Every message that the server sends, for the protocol page and the tests that compare it with this list.
pub const SERVER_MESSAGES: [&str; 13] = [
    "hello",
    "message_created_or_updated",
    "thread_someone_is_writing",
    "thread_updated",
    "unread_updated",
    "member_updated",
    "presence_updated",
    "ack",
    "error",
    "pong",
    "resumed",
    "resync",
    "goodbye",
];

/// Every command that clients may send.
pub const COMMANDS: [&str; 8] = [
    "send_message",
    "thread_someone_is_writing",
    "mark_message_as_read",
    "pick_option",
    "resume",
    "subscribe",
    "unsubscribe",
    "ping",
];

/// Upgrades an authenticated request to a session; `asked` is when it came, before it was authenticated.
pub fn open(
    request: &HttpRequest,
    payload: web::Payload,
    house: &House,
    account: Arc<Account>,
    (credential, asked): (Credential, Instant),
) -> Result<HttpResponse, actix_web::Error> {
    if let Some(refused) = unsound(request) {
        return Ok(refused);
    }
    let mut response = ws::handshake(request)?;
    let hold = Rc::new(RefCell::new(resuming::Hold::new(house.config.socket.outbox_bytes)));
    let session = session::Session::new(house.clone(), account, (credential, asked), hold.clone());
    let outbox = session.outbox();
    let codec = actix_http::ws::Codec::new().max_size(house.config.socket.max_frame);
    let inflow = inflow::Inflow::new(payload, house.config.socket.max_frame);
    let actor = Box::pin(ws::WebsocketContext::with_codec(session, inflow, codec));
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    Ok(response.streaming(body::Body::new(actor, outbox, hold)))
}

/// The answer to a handshake that the crate would take although it is not sound (RFC 6455, 4.2.1): HTTP/1.0, the drafts 7
/// and 8, a key that is no nonce.
fn unsound(request: &HttpRequest) -> Option<HttpResponse> {
    if request.version() < Version::HTTP_11 {
        return Some(HttpResponse::build(StatusCode::HTTP_VERSION_NOT_SUPPORTED).finish());
    }
    let version = request.headers().get(header::SEC_WEBSOCKET_VERSION);
    if version.is_some_and(|version| version != VERSION) {
        let mut refused = HttpResponse::build(StatusCode::UPGRADE_REQUIRED);
        return Some(refused.insert_header((header::SEC_WEBSOCKET_VERSION, VERSION)).finish());
    }
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).map_or(&b""[..], |key| key.as_bytes());
    let is_nonce = STANDARD.decode(key).is_ok_and(|nonce| nonce.len() == NONCE);
    (!is_nonce).then(|| HttpResponse::BadRequest().body("Sec-WebSocket-Key must be 16 bytes in base64"))
}
