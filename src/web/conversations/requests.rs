//! `/api/bots/{key}/v1/`: events that bots send by themselves (bot-webhooks contract, 11 and 18).

use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::StreamExt;
use serde_json::json;

use crate::actors::conversations::{self, Request};
use crate::domain::conversation::batch::{ApiError, MAX_BODY};
use crate::web::Doors;
use crate::web::entry::keys::same;

/// The header with the bot's token.
const TOKEN: &str = "SECURITY-TOKEN";

/// Events, in the newest version of the contract.
#[utoipa::path(post, path = "/api/bots/{key}", tag = "bots", params(("key" = String, Path)),
    responses((status = 200), (status = 400), (status = 401), (status = 404), (status = 410), (status = 429)))]
pub async fn newest(request: HttpRequest, doors: web::Data<Doors>, payload: web::Payload) -> HttpResponse {
    answer(carry_out(&request, &doors, payload, None).await)
}

/// Events of one session: one, or a list. The answer says what became of each.
#[utoipa::path(post, path = "/api/bots/{key}/{version}", tag = "bots", params(("key" = String, Path), ("version" = String, Path)),
    responses((status = 200), (status = 400), (status = 401), (status = 404), (status = 410), (status = 413), (status = 422),
              (status = 429), (status = 502)))]
pub async fn versioned(request: HttpRequest, doors: web::Data<Doors>, payload: web::Payload) -> HttpResponse {
    let version = request.match_info().query("version").to_owned();
    answer(carry_out(&request, &doors, payload, Some(version)).await)
}

async fn carry_out(
    request: &HttpRequest,
    doors: &Doors,
    mut payload: web::Payload,
    version: Option<String>,
) -> Result<HttpResponse, ApiError> {
    let token = request.headers().get(TOKEN).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let key = request.match_info().query("key").to_owned();
    let asked = Request { key, version, is_post: request.method() == Method::POST, token };
    let bot = doors.conversations.authorize(&asked, same).await?;
    let mut bytes = web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| ApiError::new(400, "invalid_json", "The body could not be read."))?;
        if bytes.len() + chunk.len() > MAX_BODY {
            return Err(ApiError::new(413, "too_large", "The body is larger than 1 MiB."));
        }
        bytes.extend_from_slice(&chunk);
    }
    let results = conversations::request(&doors.conversations, &bot, &bytes).await?;
    Ok(HttpResponse::Ok().json(json!({"results": results})))
}

fn answer(done: Result<HttpResponse, ApiError>) -> HttpResponse {
    done.unwrap_or_else(|error| {
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = HttpResponse::build(status);
        if let Some(seconds) = error.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        response.json(error.body())
    })
}
