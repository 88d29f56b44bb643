//! Notification hooks, their deliveries and their secrets (bots contract, 3.9 and 9).

use actix_web::{HttpRequest, HttpResponse, web};
use rand::RngExt;
use serde_json::{Map, Value, json};

use super::fields::Fields;
use super::handler_form::ResponseForm;
use super::{edit, look, missing, part, reading, room, shapes, stamp};
use crate::domain::bot::document::{Hook, Response};
use crate::domain::bot::settings::Schedule;
use crate::store::Connection;
use crate::store::bots::journal;
use crate::web::Doors;
use crate::web::api::{self, Answer};
use crate::web::entry::Caller;
use crate::web::entry::keys::random_token;
use crate::web::error::ApiError;

const MAX_NAME: usize = 100;
/// Letters and digits of an address.
const KEY: usize = 22;
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Deliveries that are shown.
const SHOWN: i64 = 100;

pub(super) fn new_key() -> String {
    let mut chance = rand::rng();
    let letter = |_| char::from(LETTERS.get(chance.random_range(0..LETTERS.len())).copied().unwrap_or(b'A'));
    (0..KEY).map(letter).collect()
}

/// All of them.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/hooks/", tag = "built-in bots", responses((status = 200)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (_, document) = look(&request, &doors, &caller).await?;
    Ok(HttpResponse::Ok().json(document.hooks.iter().map(shapes::hook).collect::<Vec<_>>()))
}

#[derive(Default)]
struct Form {
    name: Option<String>,
    enabled: Option<bool>,
    response: ResponseForm,
    schedule: Option<Option<Schedule>>,
}

async fn read_form(
    request: &HttpRequest,
    doors: &Doors,
    payload: web::Payload,
    partial: bool,
) -> Result<(Form, Value), ApiError> {
    let body = reading::object(request, payload, super::MAX_BODY).await?;
    let bots = doors.bots.clone();
    let read = move || {
        let mut fields = Fields::new(&body, partial);
        let mut form = Form { name: fields.text("name", MAX_NAME, true), ..Form::default() };
        form.enabled = fields.truth("enabled", false);
        if let Some(response) = fields.object("response", true) {
            let (read, errors) = ResponseForm::read(&bots, response, partial);
            form.response = read;
            fields.nest("response", errors);
        }
        match body.get("schedule").map(|schedule| serde_json::from_value(schedule.clone())) {
            Some(Ok(schedule)) => form.schedule = Some(schedule),
            Some(Err(error)) => fields.complain("schedule", error.to_string()),
            None => {}
        }
        (form, fields.into_errors())
    };
    web::block(read).await.map_err(|_| ApiError::unavailable("The server is stopping."))
}

fn refuse(errors: Value) -> Result<(), ApiError> {
    if errors.as_object().is_some_and(Map::is_empty) { Ok(()) } else { Err(ApiError::body_of_fields(errors)) }
}

/// A new one, with an address of its own.
#[utoipa::path(post, path = "/api/v1/bots/{bot}/hooks/", tag = "built-in bots",
    responses((status = 201), (status = 400)))]
pub async fn create(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let (form, errors) = read_form(&request, &doors, payload, false).await?;
    let made = edit(&request, &doors, &caller, move |document, now| {
        refuse(errors)?;
        room(document.hooks.len())?;
        let mut response = Response::default();
        form.response.apply(&mut response);
        super::checks::hides_secrets(document, &response)?;
        let hook = Hook {
            stamp: stamp(now),
            name: form.name.unwrap_or_default(),
            key: new_key(),
            enabled: form.enabled.unwrap_or(true),
            response,
            recipients: Vec::new(),
            schedule: form.schedule.flatten(),
        };
        document.hooks.push(hook.clone());
        Ok(hook)
    });
    Ok(HttpResponse::Created().json(shapes::hook(&made.await?)))
}

/// One of them.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/hooks/{id}/", tag = "built-in bots",
    responses((status = 200), (status = 404, body = api::schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (_, document) = look(&request, &doors, &caller).await?;
    let id = part(&request, "id");
    let hook = document.hooks.iter().find(|one| one.stamp.id == id).ok_or_else(missing)?;
    Ok(HttpResponse::Ok().json(shapes::hook(hook)))
}

/// Changes what is named of one.
#[utoipa::path(put, path = "/api/v1/bots/{bot}/hooks/{id}/", tag = "built-in bots",
    responses((status = 200), (status = 400), (status = 404, body = api::schema::Detail)))]
pub async fn change(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let (form, errors) = read_form(&request, &doors, payload, true).await?;
    let id = part(&request, "id");
    let changed = edit(&request, &doors, &caller, move |document, now| {
        let place = document.hooks.iter().position(|one| one.stamp.id == id).ok_or_else(missing)?;
        refuse(errors)?;
        let mut response = document.hooks.get(place).map(|hook| hook.response.clone()).unwrap_or_default();
        form.response.apply(&mut response);
        super::checks::hides_secrets(document, &response)?;
        let hook = document.hooks.get_mut(place).ok_or_else(missing)?;
        if let Some(name) = form.name {
            hook.name = name;
        }
        hook.enabled = form.enabled.unwrap_or(hook.enabled);
        hook.response = response;
        if let Some(schedule) = form.schedule {
            hook.schedule = schedule;
        }
        hook.stamp.updated_at = now;
        Ok(hook.clone())
    });
    Ok(HttpResponse::Ok().json(shapes::hook(&changed.await?)))
}

/// Deletes one.
#[utoipa::path(delete, path = "/api/v1/bots/{bot}/hooks/{id}/", tag = "built-in bots",
    responses((status = 204), (status = 404, body = api::schema::Detail)))]
pub async fn delete(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let id = part(&request, "id");
    edit(&request, &doors, &caller, move |document, _| {
        let place = document.hooks.iter().position(|one| one.stamp.id == id).ok_or_else(missing)?;
        document.hooks.remove(place);
        Ok(())
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The bot's and the hook's ids, if the hook is the caller's.
async fn hook_of(request: &HttpRequest, doors: &Doors, caller: &Caller) -> Result<(String, String), ApiError> {
    let (bot, document) = look(request, doors, caller).await?;
    let id = part(request, "hook");
    if document.hooks.iter().any(|one| one.stamp.id == id) { Ok((bot.id, id)) } else { Err(missing()) }
}

/// The last posts to a hook.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/hooks/{hook}/deliveries/", tag = "built-in bots",
    responses((status = 200)))]
pub async fn deliveries(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (bot, hook) = hook_of(&request, &doors, &caller).await?;
    let read = move |connection: &mut Connection| {
        let found = journal::deliveries(connection, &bot, &hook, SHOWN)?;
        found.iter().map(shapes::delivery).collect::<Result<Vec<_>, _>>()
    };
    Ok(HttpResponse::Ok().json(doors.house.store.read(read).await?))
}

/// What became of a post, per recipient (B84).
#[utoipa::path(get, path = "/api/v1/bots/{bot}/hooks/{hook}/deliveries/{id}/", tag = "built-in bots",
    responses((status = 200), (status = 404, body = api::schema::Detail)))]
pub async fn delivery(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (bot, hook) = hook_of(&request, &doors, &caller).await?;
    let id = part(&request, "id");
    let read = move |connection: &mut Connection| shapes::delivery(&journal::delivery(connection, &bot, &hook, &id)?);
    Ok(HttpResponse::Ok().json(doors.house.store.read(read).await?))
}

/// A new secret for programs that post, in place of the last one; shown here and never again (B85).
#[utoipa::path(post, path = "/api/v1/bots/{bot}/hooks/{hook}/secret/", tag = "built-in bots",
    responses((status = 201), (status = 404, body = api::schema::Detail)))]
pub async fn make_secret(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (bot, hook) = hook_of(&request, &doors, &caller).await?;
    let secret = random_token("hook_");
    let sealed = doors.outbound.seal.seal(&secret);
    let write =
        move |connection: &mut Connection| journal::set_hook_secret(connection, &bot, &hook, Some(sealed.as_str()));
    doors.house.store.write(write).await?;
    Ok(HttpResponse::Created().json(json!({"secret": secret})))
}

/// Takes the secret away: only the owner's token posts then.
#[utoipa::path(delete, path = "/api/v1/bots/{bot}/hooks/{hook}/secret/", tag = "built-in bots",
    responses((status = 204), (status = 404, body = api::schema::Detail)))]
pub async fn drop_secret(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (bot, hook) = hook_of(&request, &doors, &caller).await?;
    let write = move |connection: &mut Connection| journal::set_hook_secret(connection, &bot, &hook, None);
    doors.house.store.write(write).await?;
    Ok(HttpResponse::NoContent().finish())
}
