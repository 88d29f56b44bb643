//! In which states a handler is a candidate (bots contract, 3.8): links to states, never the states themselves (B29).

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use super::fields::Fields;
use super::{MAX_STATE, edit, look, missing, part, reading, shapes, states};
use crate::domain::bot::document::{Document, Handler};
use crate::web::Doors;
use crate::web::api::{self, Answer};
use crate::web::entry::Caller;
use crate::web::error::ApiError;

fn handler_of<'a>(document: &'a mut Document, id: &str) -> Result<&'a mut Handler, ApiError> {
    document.handlers.iter_mut().find(|one| one.stamp.id == id).ok_or_else(missing)
}

fn linked(document: &mut Document, handler: &str, id: &str) -> Result<usize, ApiError> {
    handler_of(document, handler)?.source_states.iter().position(|one| one == id).ok_or_else(missing)
}

async fn name(request: &HttpRequest, payload: web::Payload) -> Result<Result<String, ApiError>, ApiError> {
    let body = reading::object(request, payload, super::MAX_BODY).await?;
    let mut fields = Fields::new(&body, false);
    let name = fields.text("name", MAX_STATE, true).unwrap_or_default();
    Ok(fields.check().map(|()| name))
}

/// All of them.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/handlers/{handler}/sourcestates/", tag = "built-in bots",
    responses((status = 200)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (_, mut document) = look(&request, &doors, &caller).await?;
    let ids = handler_of(&mut document, &part(&request, "handler"))?.source_states.clone();
    let list: Vec<Value> = ids.iter().map(|id| shapes::state_of(&document, id)).collect();
    Ok(HttpResponse::Ok().json(list))
}

/// Attaches a state, made if there is none of the name; twice is harmless.
#[utoipa::path(post, path = "/api/v1/bots/{bot}/handlers/{handler}/sourcestates/", tag = "built-in bots",
    responses((status = 201), (status = 400)))]
pub async fn create(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let name = name(&request, payload).await?;
    let handler = part(&request, "handler");
    let made = edit(&request, &doors, &caller, move |document, now| {
        handler_of(document, &handler)?;
        let id = states::of_name(document, &name?, now)?;
        let sources = &mut handler_of(document, &handler)?.source_states;
        if !sources.contains(&id) {
            sources.push(id.clone());
        }
        Ok(shapes::state_of(document, &id))
    });
    Ok(HttpResponse::Created().json(made.await?))
}

/// One that is attached.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/handlers/{handler}/sourcestates/{id}/", tag = "built-in bots",
    responses((status = 200), (status = 404, body = api::schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (_, mut document) = look(&request, &doors, &caller).await?;
    let id = part(&request, "id");
    linked(&mut document, &part(&request, "handler"), &id)?;
    Ok(HttpResponse::Ok().json(shapes::state_of(&document, &id)))
}

/// Attaches another state in its place.
#[utoipa::path(put, path = "/api/v1/bots/{bot}/handlers/{handler}/sourcestates/{id}/", tag = "built-in bots",
    responses((status = 200), (status = 400), (status = 404, body = api::schema::Detail)))]
pub async fn change(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let name = name(&request, payload).await?;
    let (handler, id) = (part(&request, "handler"), part(&request, "id"));
    let changed = edit(&request, &doors, &caller, move |document, now| {
        let place = linked(document, &handler, &id)?;
        let other = states::of_name(document, &name?, now)?;
        let sources = &mut handler_of(document, &handler)?.source_states;
        if other != id {
            sources.retain(|one| *one != other);
        }
        let place = place.min(sources.len().saturating_sub(1));
        let place = sources.iter().position(|one| *one == id).unwrap_or(place);
        if let Some(link) = sources.get_mut(place) {
            link.clone_from(&other);
        }
        Ok(shapes::state_of(document, &other))
    });
    Ok(HttpResponse::Ok().json(changed.await?))
}

/// Detaches a state; the state stays.
#[utoipa::path(delete, path = "/api/v1/bots/{bot}/handlers/{handler}/sourcestates/{id}/", tag = "built-in bots",
    responses((status = 204), (status = 404, body = api::schema::Detail)))]
pub async fn delete(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (handler, id) = (part(&request, "handler"), part(&request, "id"));
    edit(&request, &doors, &caller, move |document, _| {
        let place = linked(document, &handler, &id)?;
        handler_of(document, &handler)?.source_states.remove(place);
        Ok(())
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
