//! Where the owner's programs post notifications (bots contract, 9).

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::{part, reading};
use crate::bots::hooking::Taken;
use crate::web::Doors;
use crate::web::api::threads::IDEMPOTENCY_KEY;
use crate::web::api::{Answer, body};
use crate::web::entry::caller::authenticate;
use crate::web::error::ApiError;

/// The largest post (B86).
const MAX_POST: usize = 64 << 10;
/// The longest idempotency key.
const MAX_KEY: usize = 255;

fn header(request: &HttpRequest, name: &str) -> Option<String> {
    request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn text(status: actix_web::http::StatusCode, text: &str) -> HttpResponse {
    HttpResponse::build(status).json(text)
}

/// Takes a post of the owner, or of a program with the hook's secret; sending goes on in the background.
#[utoipa::path(post, path = "/processing/hook/{key}/", tag = "built-in bots",
    responses((status = 200), (status = 400), (status = 401), (status = 404), (status = 413), (status = 429)))]
pub async fn post(request: HttpRequest, doors: web::Data<Doors>, mut payload: web::Payload) -> Answer {
    let caller = authenticate(&doors, &request).await?;
    let (secret, signature) = (header(&request, "X-Hook-Secret"), header(&request, "X-Hook-Signature-256"));
    if caller.is_none() && secret.is_none() && signature.is_none() {
        return Err(ApiError::not_authenticated());
    }
    let found = doors.bots.hook(&part(&request, "key")).await?;
    let bytes = body::raw(&mut payload, MAX_POST).await?;
    let Some((bot, hook)) = found else {
        return match caller {
            Some(_) => Ok(text(actix_web::http::StatusCode::NOT_FOUND, "There is no such hook, or it is disabled.")),
            // who has no token learns nothing of which hooks there are
            None => Err(ApiError::bad_credentials("Invalid or expired token.")),
        };
    };
    let id = hook.stamp.id.clone();
    let opens = match &caller {
        Some(caller) => caller.account.id == bot.owner_id,
        None => doors.bots.opens_hook(&id, secret.as_deref(), signature.as_deref(), &bytes).await?,
    };
    if !opens {
        return Err(ApiError::bad_credentials("This token does not open the hook."));
    }
    let is_form = header(&request, CONTENT_TYPE.as_str())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let data = if is_form { reading::form_value(&bytes) } else { reading::json(&bytes).map_err(Some) };
    let data: Value = match data {
        Ok(data) => data,
        Err(error) => {
            let detail = error.and_then(|error| error.detail()).unwrap_or_else(|| "JSON parse error".to_owned());
            return Ok(text(actix_web::http::StatusCode::BAD_REQUEST, &detail));
        }
    };
    let key = header(&request, IDEMPOTENCY_KEY).filter(|key| !key.is_empty() && key.len() <= MAX_KEY);
    match doors.bots.post(&bot.id, &id, data, key).await? {
        Taken::Delivery(id) => Ok(HttpResponse::Ok().json(json!({"id": id}))),
        Taken::TooMany => Err(ApiError::too_many(60)),
    }
}
