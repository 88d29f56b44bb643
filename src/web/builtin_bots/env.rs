//! Variables that templates can read (bots contract, 3.3).

use actix_web::{HttpRequest, HttpResponse, web};

use super::fields::{Fields, complaint};
use super::{edit, look, missing, part, reading, room, shapes, stamp};
use crate::domain::bot::document::{Document, EnvVar};
use crate::outbound::Seal;
use crate::web::Doors;
use crate::web::api::{self, Answer};
use crate::web::entry::Caller;
use crate::web::error::ApiError;

const MAX_KEY: usize = 255;
/// Long enough for a signed token (B14).
const MAX_VALUE: usize = 4_096;

/// All of them.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/env/", tag = "built-in bots", responses((status = 200)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (_, document) = look(&request, &doors, &caller).await?;
    Ok(HttpResponse::Ok().json(document.env.iter().map(shapes::env).collect::<Vec<_>>()))
}

struct Form {
    key: String,
    value: String,
    secret: Option<bool>,
    checked: Result<(), ApiError>,
}

async fn read_form(request: &HttpRequest, payload: web::Payload, seal: &Seal) -> Result<Form, ApiError> {
    let body = reading::object(request, payload, super::MAX_BODY).await?;
    let mut fields = Fields::new(&body, false);
    let key = fields.text("key", MAX_KEY, true).unwrap_or_default();
    let value = fields.text("value", MAX_VALUE, true).unwrap_or_default();
    let secret = fields.truth("secret", false);
    let value = if secret == Some(true) { seal.seal(&value) } else { value };
    Ok(Form { key, value, secret, checked: fields.check() })
}

fn unique(document: &Document, key: &str, but: &str) -> Result<(), ApiError> {
    match document.env.iter().find(|one| one.key == key && one.stamp.id != but) {
        Some(_) => Err(complaint("key", "The bot has a variable of this name already.")),
        None => Ok(()),
    }
}

/// A new one; a secret value is never shown again (B13).
#[utoipa::path(post, path = "/api/v1/bots/{bot}/env/", tag = "built-in bots",
    responses((status = 201), (status = 400)))]
pub async fn create(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let form = read_form(&request, payload, &doors.outbound.seal).await?;
    let made = edit(&request, &doors, &caller, move |document, now| {
        form.checked?;
        unique(document, &form.key, "")?;
        room(document.env.len())?;
        let secret = form.secret.unwrap_or(false);
        let one = EnvVar { stamp: stamp(now), key: form.key, value: form.value, secret };
        document.env.push(one.clone());
        Ok(one)
    });
    Ok(HttpResponse::Created().json(shapes::env(&made.await?)))
}

/// One of them.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/env/{id}/", tag = "built-in bots",
    responses((status = 200), (status = 404, body = api::schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (_, document) = look(&request, &doors, &caller).await?;
    let id = part(&request, "id");
    let one = document.env.iter().find(|one| one.stamp.id == id).ok_or_else(missing)?;
    Ok(HttpResponse::Ok().json(shapes::env(one)))
}

/// Changes one.
#[utoipa::path(put, path = "/api/v1/bots/{bot}/env/{id}/", tag = "built-in bots",
    responses((status = 200), (status = 400), (status = 404, body = api::schema::Detail)))]
pub async fn change(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let seal = doors.outbound.seal.clone();
    let form = read_form(&request, payload, &seal).await?;
    let id = part(&request, "id");
    let changed = edit(&request, &doors, &caller, move |document, now| {
        let place = document.env.iter().position(|one| one.stamp.id == id).ok_or_else(missing)?;
        form.checked?;
        unique(document, &form.key, &id)?;
        let one = document.env.get_mut(place).ok_or_else(missing)?;
        // a secret stays one until it is said otherwise
        let value = match form.secret {
            None if one.secret => seal.seal(&form.value),
            _ => form.value,
        };
        (one.key, one.value, one.stamp.updated_at) = (form.key, value, now);
        one.secret = form.secret.unwrap_or(one.secret);
        Ok(one.clone())
    });
    Ok(HttpResponse::Ok().json(shapes::env(&changed.await?)))
}

/// Deletes one.
#[utoipa::path(delete, path = "/api/v1/bots/{bot}/env/{id}/", tag = "built-in bots",
    responses((status = 204), (status = 404, body = api::schema::Detail)))]
pub async fn delete(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let id = part(&request, "id");
    edit(&request, &doors, &caller, move |document, _| {
        let place = document.env.iter().position(|one| one.stamp.id == id).ok_or_else(missing)?;
        document.env.remove(place);
        Ok(())
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
