//! What Telegram, Kik and Messenger send (bots contract, 4). The answer says whether it is stored, never what became of it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::{MAX_BODY, missing, part, reading};
use crate::domain::bot::provider::{self, Provider};
use crate::store::Connection;
use crate::store::bots::integrations::{self, Integration};
use crate::web::Doors;
use crate::web::api::{Answer, body};
use crate::web::error::ApiError;

async fn integration(request: &HttpRequest, doors: &Doors) -> Result<(Integration, Provider), ApiError> {
    let (id, name) = (part(request, "id"), part(request, "provider"));
    let read = move |connection: &mut Connection| integrations::get(connection, &id);
    let found = doors.house.store.read(read).await?;
    let provider = Provider::named(&name).filter(|_| found.provider == name).ok_or_else(missing)?;
    Ok((found, provider))
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

/// Takes what a provider sends.
#[utoipa::path(post, path = "/processing/{provider}bot/{id}/", tag = "built-in bots",
    responses((status = 200), (status = 400), (status = 403), (status = 404)))]
pub async fn take(request: HttpRequest, doors: web::Data<Doors>, mut payload: web::Payload) -> Answer {
    let (integration, provider) = integration(&request, &doors).await?;
    let bytes = body::raw(&mut payload, MAX_BODY).await?;
    if !integration.enabled {
        return Ok(HttpResponse::Ok().json(serde_json::json!({})));
    }
    let signature = match provider {
        Provider::Telegram => header(&request, "X-Telegram-Bot-Api-Secret-Token"),
        Provider::Kik => header(&request, "X-Kik-Signature"),
        Provider::Messenger => header(&request, "X-Hub-Signature-256"),
    };
    if !doors.bots.is_genuine(&integration, signature, &bytes) {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "The signature is missing or wrong.", "bad_signature"));
    }
    let batch = provider::parse(provider, &reading::json(&bytes)?);
    if let Some(errors) = batch.refused() {
        return Err(ApiError::body_of_fields(errors.clone()));
    }
    doors.bots.take(integration, batch.incoming).await?;
    Ok(HttpResponse::Ok().json(serde_json::json!({})))
}

/// Answers Messenger's question whether the address is ours (B41).
#[utoipa::path(get, path = "/processing/{provider}bot/{id}/", tag = "built-in bots",
    responses((status = 200), (status = 403), (status = 404)))]
pub async fn verify(request: HttpRequest, doors: web::Data<Doors>) -> Answer {
    if part(&request, "provider") != "messenger" {
        return Err(ApiError::method_not_allowed("GET"));
    }
    let asked = web::Query::<std::collections::HashMap<String, String>>::from_query(request.query_string());
    let asked = asked.map(web::Query::into_inner).unwrap_or_default();
    let (integration, _) = integration(&request, &doors).await?;
    let token = asked.get("hub.verify_token").map(String::as_str).unwrap_or_default();
    if token != integration.id {
        return Ok(HttpResponse::Forbidden().content_type("text/plain").body("Error, invalid token"));
    }
    let challenge = asked.get("hub.challenge").cloned().unwrap_or_default();
    Ok(HttpResponse::Ok().content_type("text/plain").body(challenge))
}
