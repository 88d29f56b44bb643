//! Handlers (bots contract, 3.5 and 3.6).

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use super::handler_form::{Given, HandlerForm, apply_request};
use super::{edit, look, missing, part, reading, room, shapes, stamp, states};
use crate::domain::Micros;
use crate::domain::bot::document::{Document, Handler};
use crate::web::Doors;
use crate::web::api::{self, Answer};
use crate::web::entry::Caller;
use crate::web::error::ApiError;

/// Falling priority; the older first (B20).
fn ordered(document: &Document) -> Vec<&Handler> {
    let mut handlers: Vec<&Handler> = document.handlers.iter().collect();
    handlers.sort_by_key(|handler| std::cmp::Reverse(handler.priority));
    handlers
}

/// All of them.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/handlers/", tag = "built-in bots", responses((status = 200)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (_, document) = look(&request, &doors, &caller).await?;
    let list: Vec<Value> = ordered(&document).into_iter().map(|one| shapes::handler(&document, one)).collect();
    Ok(HttpResponse::Ok().json(list))
}

/// Reads a form away from the threads that serve others: patterns are compiled and templates checked.
async fn form(
    request: &HttpRequest,
    doors: &Doors,
    payload: web::Payload,
    partial: bool,
) -> Result<(HandlerForm, Value), ApiError> {
    let body: Map<String, Value> = reading::object(request, payload, super::MAX_BODY).await?;
    let stopping = |_| ApiError::unavailable("The server is stopping.");
    let bots = doors.bots.clone();
    web::block(move || HandlerForm::read(&bots, &body, partial)).await.map_err(stopping)
}

fn apply(document: &mut Document, handler: &mut Handler, form: HandlerForm, now: Micros) -> Result<(), ApiError> {
    match form.target {
        Given::Absent => {}
        Given::Null => handler.target_state = None,
        Given::Some(name) => handler.target_state = Some(states::of_name(document, &name, now)?),
    }
    if let Some(names) = form.sources {
        let mut ids: Vec<String> = Vec::new();
        for name in names {
            let id = states::of_name(document, &name, now)?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        handler.source_states = ids;
    }
    handler.name = form.name.unwrap_or_else(|| std::mem::take(&mut handler.name));
    handler.pattern = form.pattern.unwrap_or_else(|| std::mem::take(&mut handler.pattern));
    handler.enabled = form.enabled.unwrap_or(handler.enabled);
    handler.priority = form.priority.unwrap_or(handler.priority);
    handler.global = form.global.unwrap_or(handler.global);
    handler.action = form.action.unwrap_or_else(|| std::mem::take(&mut handler.action));
    form.response.apply(&mut handler.response);
    super::checks::hides_secrets(document, &handler.response)?;
    apply_request(form.request, &mut handler.request, now);
    handler.stamp.updated_at = now;
    Ok(())
}

fn refuse(errors: Value) -> Result<(), ApiError> {
    if errors.as_object().is_some_and(Map::is_empty) { Ok(()) } else { Err(ApiError::body_of_fields(errors)) }
}

/// A new one; states that it names and that do not exist are made.
#[utoipa::path(post, path = "/api/v1/bots/{bot}/handlers/", tag = "built-in bots",
    responses((status = 201), (status = 400)))]
pub async fn create(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let (form, errors) = form(&request, &doors, payload, false).await?;
    let made = edit(&request, &doors, &caller, move |document, now| {
        refuse(errors)?;
        room(document.handlers.len())?;
        let mut handler = Handler { stamp: stamp(now), enabled: true, ..Handler::default() };
        apply(document, &mut handler, form, now)?;
        document.handlers.push(handler.clone());
        Ok(shapes::handler(document, &handler))
    });
    Ok(HttpResponse::Created().json(made.await?))
}

/// One of them.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/handlers/{id}/", tag = "built-in bots",
    responses((status = 200), (status = 404, body = api::schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (_, document) = look(&request, &doors, &caller).await?;
    let id = part(&request, "id");
    let handler = document.handlers.iter().find(|one| one.stamp.id == id).ok_or_else(missing)?;
    Ok(HttpResponse::Ok().json(shapes::handler(&document, handler)))
}

/// Changes what is named of one.
#[utoipa::path(put, path = "/api/v1/bots/{bot}/handlers/{id}/", tag = "built-in bots",
    responses((status = 200), (status = 400), (status = 404, body = api::schema::Detail)))]
pub async fn change(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let (form, errors) = form(&request, &doors, payload, true).await?;
    let id = part(&request, "id");
    let changed = edit(&request, &doors, &caller, move |document, now| {
        let place = document.handlers.iter().position(|one| one.stamp.id == id).ok_or_else(missing)?;
        refuse(errors)?;
        let mut handler = document.handlers.get(place).cloned().unwrap_or_default();
        if handler.request.is_none() && form.lacks_url() {
            let errors = json!({"request": {"url_template": ["This field is required."]}});
            return Err(ApiError::body_of_fields(errors));
        }
        apply(document, &mut handler, form, now)?;
        let shape = shapes::handler(document, &handler);
        if let Some(kept) = document.handlers.get_mut(place) {
            *kept = handler;
        }
        Ok(shape)
    });
    Ok(HttpResponse::Ok().json(changed.await?))
}

/// Deletes one.
#[utoipa::path(delete, path = "/api/v1/bots/{bot}/handlers/{id}/", tag = "built-in bots",
    responses((status = 204), (status = 404, body = api::schema::Detail)))]
pub async fn delete(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let id = part(&request, "id");
    edit(&request, &doors, &caller, move |document, _| {
        let place = document.handlers.iter().position(|one| one.stamp.id == id).ok_or_else(missing)?;
        document.handlers.remove(place);
        Ok(())
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
