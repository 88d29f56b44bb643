//! Calls to connectors: before CORS and everything else that is ours, since each has rules of its own.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{HttpResponse, web};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::Doors;
use super::api::Answer;
use super::entry::Caller;
use super::error::ApiError;
use crate::domain::{FieldErrors, Refusal, Role};

/// Answers what is a connector's, and hands on everything else.
pub async fn first(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let doors = request.app_data::<web::Data<Doors>>().cloned();
    if let Some(doors) = doors.filter(|doors| doors.channels.owns(request.path())) {
        let (request, payload) = request.into_parts();
        let answer = doors.channels.answer(request.clone(), payload).await;
        return Ok(ServiceResponse::new(request, answer));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// Reads the credentials file again; with an error nothing changes.
#[utoipa::path(post, path = "/api/admin/channels/reload", tag = "administration",
    responses((status = 200, description = "`{\"connectors\": [names]}`"),
              (status = 400, body = super::api::schema::FieldErrors),
              (status = 403, body = super::api::schema::Detail)))]
pub async fn reload(doors: web::Data<Doors>, caller: Caller) -> Answer {
    if caller.account.role != Role::Superuser {
        return Err(Refusal::Forbidden.into());
    }
    match doors.channels.load().await {
        Ok(names) => Ok(HttpResponse::Ok().json(json!({"connectors": names}))),
        Err(complaints) => {
            let mut errors = FieldErrors::new();
            complaints.into_iter().for_each(|why| errors.add("credentials", why));
            Err(ApiError::fields(errors))
        }
    }
}

/// Reads the credentials file again on SIGHUP.
pub fn reload_on_hangup(doors: &Doors) -> std::io::Result<()> {
    let mut hangups = signal(SignalKind::hangup())?;
    let channels = doors.channels.clone();
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            if let Err(complaints) = channels.load().await {
                tracing::warn!(complaints = complaints.join("; "), "the credentials are left as they were");
            }
        }
    });
    Ok(())
}
