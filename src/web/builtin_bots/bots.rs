//! Bots themselves (bots contract, 3.1).

use actix_web::{HttpRequest, HttpResponse, web};

use super::fields::Fields;
use super::{own_bot, owner, reading, shapes};
use crate::store::{Connection, StoreError, bots as kept};
use crate::web::Doors;
use crate::web::api::{self, Answer};
use crate::web::entry::Caller;
use crate::web::error::ApiError;

/// The longest name.
const MAX_NAME: usize = 100;
/// Bots of one owner at most.
const MAX_BOTS: usize = 500;

fn shape(connection: &mut Connection, bot: &kept::Bot) -> Result<serde_json::Value, StoreError> {
    let integrations = kept::integrations::all_of(connection, &bot.id)?;
    shapes::bot(bot, &integrations)
}

/// The caller's bots.
#[utoipa::path(get, path = "/api/v1/bots/", tag = "built-in bots",
    responses((status = 200), (status = 401, body = api::schema::Detail)))]
pub async fn list(doors: web::Data<Doors>, caller: Caller) -> Answer {
    let owner = owner(&caller)?;
    let read = move |connection: &mut Connection| {
        let bots = kept::list(connection, owner)?;
        bots.iter().map(|bot| shape(connection, bot)).collect::<Result<Vec<_>, _>>()
    };
    Ok(HttpResponse::Ok().json(doors.house.store.read(read).await?))
}

async fn name(request: &HttpRequest, payload: web::Payload) -> Result<Result<String, ApiError>, ApiError> {
    let body = reading::object(request, payload, super::MAX_BODY).await?;
    let mut fields = Fields::new(&body, false);
    let name = fields.text("name", MAX_NAME, true).unwrap_or_default();
    Ok(fields.check().map(|()| name))
}

/// A new bot.
#[utoipa::path(post, path = "/api/v1/bots/", tag = "built-in bots",
    responses((status = 201), (status = 400), (status = 401, body = api::schema::Detail)))]
pub async fn create(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let owner = owner(&caller)?;
    let name = name(&request, payload).await??;
    let now = doors.house.clock.now();
    let write = move |connection: &mut Connection| {
        if kept::list(connection, owner)?.len() >= MAX_BOTS {
            return Ok(None);
        }
        let bot = kept::create(connection, owner, &name, now)?;
        shape(connection, &bot).map(Some)
    };
    let made = doors.house.store.write(write).await?;
    let full = || super::fields::complaint("non_field_errors", "You have as many bots as one may have.");
    Ok(HttpResponse::Created().json(made.ok_or_else(full)?))
}

/// A bot.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/", tag = "built-in bots",
    responses((status = 200), (status = 404, body = api::schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let bot = own_bot(&request, &doors, &caller).await?;
    Ok(HttpResponse::Ok().json(doors.house.store.read(move |connection| shape(connection, &bot)).await?))
}

/// Renames a bot.
#[utoipa::path(put, path = "/api/v1/bots/{bot}/", tag = "built-in bots",
    responses((status = 200), (status = 400), (status = 404, body = api::schema::Detail)))]
pub async fn change(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let bot = own_bot(&request, &doors, &caller).await?;
    let name = name(&request, payload).await??;
    let now = doors.house.clock.now();
    let write = move |connection: &mut Connection| {
        kept::rename(connection, &bot, &name, now)?;
        let bot = kept::get(connection, &bot.id)?;
        shape(connection, &bot)
    };
    Ok(HttpResponse::Ok().json(doors.house.store.write(write).await?))
}

/// Deletes a bot with everything in it; its webhooks are unset in the background (B8).
#[utoipa::path(delete, path = "/api/v1/bots/{bot}/", tag = "built-in bots",
    responses((status = 204), (status = 404, body = api::schema::Detail)))]
pub async fn delete(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let bot = own_bot(&request, &doors, &caller).await?;
    let now = doors.house.clock.now();
    let write = move |connection: &mut Connection| {
        for one in kept::integrations::all_of(connection, &bot.id)? {
            crate::bots::leave(connection, &one, now)?;
        }
        kept::delete(connection, &bot, now)
    };
    doors.house.store.write(write).await?;
    Ok(HttpResponse::NoContent().finish())
}
