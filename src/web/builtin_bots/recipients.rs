//! Chats that a hook writes to (bots contract, 3.10).

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use super::fields::{Fields, complaint};
use super::{edit, look, missing, part, reading, shapes, stamp};
use crate::domain::bot::document::{Document, Hook, Recipient};
use crate::web::Doors;
use crate::web::api::{self, Answer};
use crate::web::entry::Caller;
use crate::web::error::ApiError;

/// Recipients of a hook at most (B86).
const MAX_RECIPIENTS: usize = 1_000;

fn hook_of<'a>(document: &'a mut Document, id: &str) -> Result<&'a mut Hook, ApiError> {
    document.hooks.iter_mut().find(|one| one.stamp.id == id).ok_or_else(missing)
}

fn path(request: &HttpRequest) -> (String, String, String) {
    (part(request, "hook"), part(request, "provider"), part(request, "id"))
}

fn find<'a>(document: &'a mut Document, path: &(String, String, String)) -> Result<&'a mut Recipient, ApiError> {
    let own = |one: &&mut Recipient| one.stamp.id == path.2 && one.provider == path.1;
    hook_of(document, &path.0)?.recipients.iter_mut().find(own).ok_or_else(missing)
}

async fn form(
    request: &HttpRequest,
    payload: web::Payload,
    provider: &str,
) -> Result<(Recipient, Result<(), ApiError>), ApiError> {
    let body = reading::object(request, payload, super::MAX_BODY).await?;
    let mut fields = Fields::new(&body, false);
    let chat_id = match provider {
        "telegram" => fields.integer("chat_id", true).map(|id| id.to_string()),
        _ => fields.text("chat_id", 150, true),
    };
    let username = if provider == "kik" { fields.text("username", 255, true) } else { None };
    let name = fields.text("name", 100, true).unwrap_or_default();
    let one = Recipient {
        provider: provider.to_owned(),
        chat_id: chat_id.unwrap_or_default(),
        username,
        name,
        ..Recipient::default()
    };
    Ok((one, fields.check()))
}

/// All of them.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/hooks/{hook}/recipients/{provider}/", tag = "built-in bots",
    responses((status = 200)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (_, mut document) = look(&request, &doors, &caller).await?;
    let (hook, provider, _) = path(&request);
    let hook = hook_of(&mut document, &hook)?;
    let own = hook.recipients.iter().filter(|one| one.provider == provider);
    Ok(HttpResponse::Ok().json(own.map(shapes::recipient).collect::<Vec<Value>>()))
}

/// A new one.
#[utoipa::path(post, path = "/api/v1/bots/{bot}/hooks/{hook}/recipients/{provider}/", tag = "built-in bots",
    responses((status = 201), (status = 400)))]
pub async fn create(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let (hook, provider, _) = path(&request);
    let (mut one, checked) = form(&request, payload, &provider).await?;
    let made = edit(&request, &doors, &caller, move |document, now| {
        let hook = hook_of(document, &hook)?;
        checked?;
        if hook.recipients.len() >= MAX_RECIPIENTS {
            let message = format!("A hook has at most {MAX_RECIPIENTS} recipients.");
            return Err(complaint("non_field_errors", &message));
        }
        one.stamp = stamp(now);
        hook.recipients.push(one.clone());
        Ok(one)
    });
    Ok(HttpResponse::Created().json(shapes::recipient(&made.await?)))
}

/// One of them.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/hooks/{hook}/recipients/{provider}/{id}/", tag = "built-in bots",
    responses((status = 200), (status = 404, body = api::schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (_, mut document) = look(&request, &doors, &caller).await?;
    Ok(HttpResponse::Ok().json(shapes::recipient(find(&mut document, &path(&request))?)))
}

/// Changes one.
#[utoipa::path(put, path = "/api/v1/bots/{bot}/hooks/{hook}/recipients/{provider}/{id}/", tag = "built-in bots",
    responses((status = 200), (status = 400), (status = 404, body = api::schema::Detail)))]
pub async fn change(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let path = path(&request);
    let (new, checked) = form(&request, payload, &path.1).await?;
    let changed = edit(&request, &doors, &caller, move |document, now| {
        let one = find(document, &path)?;
        checked?;
        (one.chat_id, one.username, one.name) = (new.chat_id, new.username, new.name);
        one.stamp.updated_at = now;
        Ok(one.clone())
    });
    Ok(HttpResponse::Ok().json(shapes::recipient(&changed.await?)))
}

/// Deletes one.
#[utoipa::path(delete, path = "/api/v1/bots/{bot}/hooks/{hook}/recipients/{provider}/{id}/", tag = "built-in bots",
    responses((status = 204), (status = 404, body = api::schema::Detail)))]
pub async fn delete(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let path = path(&request);
    edit(&request, &doors, &caller, move |document, _| {
        find(document, &path)?;
        hook_of(document, &path.0)?.recipients.retain(|one| one.stamp.id != path.2);
        Ok(())
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
