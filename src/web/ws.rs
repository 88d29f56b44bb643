//! `GET /ws`: who may upgrade to the multiplexed WebSocket (design, part 6).

use std::sync::Arc;
use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::Doors;
use super::api::page::parameters;
use super::entry::caller::enabled;
use super::entry::{Caller, authenticate, origin};
use super::error::ApiError;
use crate::socket;
use crate::store::accounts::Credential;

/// Parameters in which people put long-lived tokens; addresses end in logs, so they are refused.
const TOKENS_IN_ADDRESSES: [&str; 8] =
    ["token", "access_token", "auth", "authorization", "jwt", "api_key", "visitor", "bearer"];

/// Upgrades to a session.
pub async fn upgrade(
    request: HttpRequest,
    doors: web::Data<Doors>,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    let asked = Instant::now();
    let caller = enter(&request, &doors).await?;
    let presence = &doors.house.presence;
    let most = i64::try_from(doors.house.config.socket.max_connections).unwrap_or(i64::MAX);
    if presence.is_closing() || presence.connections() >= most {
        return Err(ApiError::unavailable("The server takes no more connections now. Retry a little later.").into());
    }
    socket::open(&request, payload, &doors.house, caller.account, (caller.credential, asked))
}

async fn enter(request: &HttpRequest, doors: &Doors) -> Result<Caller, ApiError> {
    let parameters = parameters(request);
    if TOKENS_IN_ADDRESSES.iter().any(|name| parameters.contains_key(*name)) {
        let detail = "Tokens in addresses end in logs. Send the Authorization header, or get a ticket from POST /api/ws-tickets.";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, detail, "token_in_url"));
    }
    if let Some(ticket) = parameters.get("ticket") {
        return by_ticket(doors, ticket).await;
    }
    let caller = authenticate(doors, request).await?.ok_or_else(ApiError::not_authenticated)?;
    if matches!(caller.credential, Credential::Login(_))
        && !origin::own_page(request, &doors.public_url, &doors.house.config.socket.allowed_origins)
    {
        let detail = "This page may not open a socket with the operator's cookie; see socket.allowed_origins.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, detail, "foreign_origin"));
    }
    Ok(caller)
}

async fn by_ticket(doors: &Doors, ticket: &str) -> Result<Caller, ApiError> {
    let refused = || ApiError::bad_credentials("This ticket was used already, or is too old. Get a new one.");
    let bearer = doors.tickets.redeem(ticket).ok_or_else(refused)?;
    let account = enabled(doors, bearer.account).await?.ok_or_else(refused)?;
    Ok(Caller { account: Arc::new(account), credential: bearer.credential, csrf: None })
}
