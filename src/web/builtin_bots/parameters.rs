//! Parameters of a handler's request (bots contract, 3.7).

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value};

use super::handler_form::parameter;
use super::{edit, look, missing, part, reading, room, shapes, stamp};
use crate::domain::bot::document::{Document, Parameter, Request};
use crate::web::Doors;
use crate::web::api::{self, Answer};
use crate::web::entry::Caller;
use crate::web::error::ApiError;

fn request_of<'a>(document: &'a mut Document, handler: &str) -> Result<Option<&'a mut Request>, ApiError> {
    let found = document.handlers.iter_mut().find(|one| one.stamp.id == handler).ok_or_else(missing)?;
    Ok(found.request.as_mut())
}

fn list_of<'a>(request: &'a mut Request, list: &str) -> &'a mut Vec<Parameter> {
    if list == "urlparams" { &mut request.url_parameters } else { &mut request.header_parameters }
}

fn path(request: &HttpRequest) -> (String, String, String) {
    (part(request, "handler"), part(request, "list"), part(request, "id"))
}

/// All of them; none of a handler without a request (B28).
#[utoipa::path(get, path = "/api/v1/bots/{bot}/handlers/{handler}/{list}/", tag = "built-in bots",
    responses((status = 200)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (_, mut document) = look(&request, &doors, &caller).await?;
    let (handler, list, _) = path(&request);
    let found = request_of(&mut document, &handler)?.map(|request| list_of(request, &list));
    let shapes: Vec<Value> = found.into_iter().flatten().map(|one| shapes::parameter(one)).collect();
    Ok(HttpResponse::Ok().json(shapes))
}

async fn form(request: &HttpRequest, payload: web::Payload) -> Result<((String, String), Value), ApiError> {
    Ok(parameter(&reading::object(request, payload, super::MAX_BODY).await?))
}

fn refuse(errors: Value) -> Result<(), ApiError> {
    if errors.as_object().is_some_and(Map::is_empty) { Ok(()) } else { Err(ApiError::body_of_fields(errors)) }
}

/// A new one.
#[utoipa::path(post, path = "/api/v1/bots/{bot}/handlers/{handler}/{list}/", tag = "built-in bots",
    responses((status = 201), (status = 400), (status = 409, body = api::schema::Detail)))]
pub async fn create(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let ((key, value_template), errors) = form(&request, payload).await?;
    let (handler, list, _) = path(&request);
    let made = edit(&request, &doors, &caller, move |document, now| {
        let no_request = || {
            let detail = "The handler has no request.";
            ApiError::new(actix_web::http::StatusCode::CONFLICT, detail, "no_request")
        };
        let found = request_of(document, &handler)?;
        refuse(errors)?;
        let list = list_of(found.ok_or_else(no_request)?, &list);
        room(list.len())?;
        let one = Parameter { stamp: stamp(now), key, value_template };
        list.push(one.clone());
        Ok(one)
    });
    Ok(HttpResponse::Created().json(shapes::parameter(&made.await?)))
}

fn find<'a>(document: &'a mut Document, path: &(String, String, String)) -> Result<&'a mut Parameter, ApiError> {
    let request = request_of(document, &path.0)?.ok_or_else(missing)?;
    list_of(request, &path.1).iter_mut().find(|one| one.stamp.id == path.2).ok_or_else(missing)
}

/// One of them.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/handlers/{handler}/{list}/{id}/", tag = "built-in bots",
    responses((status = 200), (status = 404, body = api::schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (_, mut document) = look(&request, &doors, &caller).await?;
    Ok(HttpResponse::Ok().json(shapes::parameter(find(&mut document, &path(&request))?)))
}

/// Changes one.
#[utoipa::path(put, path = "/api/v1/bots/{bot}/handlers/{handler}/{list}/{id}/", tag = "built-in bots",
    responses((status = 200), (status = 400), (status = 404, body = api::schema::Detail)))]
pub async fn change(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let ((key, value_template), errors) = form(&request, payload).await?;
    let path = path(&request);
    let changed = edit(&request, &doors, &caller, move |document, now| {
        let one = find(document, &path)?;
        refuse(errors)?;
        (one.key, one.value_template, one.stamp.updated_at) = (key, value_template, now);
        Ok(one.clone())
    });
    Ok(HttpResponse::Ok().json(shapes::parameter(&changed.await?)))
}

/// Deletes one.
#[utoipa::path(delete, path = "/api/v1/bots/{bot}/handlers/{handler}/{list}/{id}/", tag = "built-in bots",
    responses((status = 204), (status = 404, body = api::schema::Detail)))]
pub async fn delete(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let path = path(&request);
    edit(&request, &doors, &caller, move |document, _| {
        find(document, &path)?;
        if let Some(request) = request_of(document, &path.0)? {
            list_of(request, &path.1).retain(|one| one.stamp.id != path.2);
        }
        Ok(())
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
