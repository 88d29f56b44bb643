//! `/api/admin/bots`: bots that hold conversations. Tokens and headers are secrets: no answer shows more than their last four
//! characters.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::{known, no_content, number, object, superuser};
use crate::actors::conversations::door;
use crate::domain::conversation::packet::instant;
use crate::domain::conversation::settings::BotSettings;
use crate::domain::conversation::settings_form::masked;
use crate::outbound::Seal;
use crate::store::conversations::BotRow;
use crate::store::files::random_name;
use crate::store::organisation;
use crate::web::Doors;
use crate::web::api::{Answer, page, schema};
use crate::web::entry::Caller;
use crate::web::error::ApiError;

/// The settings with their secrets as they are.
fn opened(settings: &BotSettings, seal: &Seal) -> BotSettings {
    let open = |sealed: &str| seal.open(sealed).unwrap_or_default();
    let headers = settings.webhook_headers.iter().map(|(name, value)| (name.clone(), open(value)));
    BotSettings {
        webhook_headers: headers.collect(),
        api_security_token: open(&settings.api_security_token),
        ..settings.clone()
    }
}

/// The settings with their secrets sealed.
fn sealed(settings: &BotSettings, seal: &Seal) -> BotSettings {
    let headers = settings.webhook_headers.iter().map(|(name, value)| (name.clone(), seal.seal(value)));
    BotSettings {
        webhook_headers: headers.collect(),
        api_security_token: seal.seal(&settings.api_security_token),
        ..settings.clone()
    }
}

fn view(row: &BotRow, doors: &Doors) -> Value {
    let settings = opened(&row.settings, &doors.outbound.seal);
    let headers: Vec<Value> =
        settings.webhook_headers.iter().map(|(name, value)| json!({"name": name, "value": masked(value)})).collect();
    json!({
        "id": row.id,
        "first_name": settings.first_name,
        "last_name": settings.last_name,
        "group_id": settings.group_id,
        "skill_ids": settings.skill_ids,
        "picture": settings.picture,
        "type": settings.kind,
        "builtin_id": settings.builtin_id,
        "behavior": settings.behavior,
        "slots": settings.slots,
        "registration_mode": settings.registration_mode,
        "timeout": settings.timeout,
        "webhook_url": settings.webhook_url,
        "webhook_headers": headers,
        "api_security_token": masked(&settings.api_security_token),
        "api_url": format!("{}/api/bots/{}/v1/", doors.public_url, row.api_key),
        "active": settings.active,
        "last_given": row.last_given.map(instant),
    })
}

/// An address that must never be called is refused when it is set, not only when it is called.
fn check_address(settings: &BotSettings, doors: &Doors) -> Result<(), ApiError> {
    if settings.webhook_url.is_empty() {
        return Ok(());
    }
    let checked = doors.outbound.caller.check(&settings.webhook_url);
    checked.map_err(|why| ApiError::fields(crate::domain::FieldErrors::one("webhook_url", why)))
}

/// All bots.
#[utoipa::path(get, path = "/api/admin/bots", tag = "administration",
    responses((status = 200), (status = 403, body = schema::Detail)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    superuser(&caller)?;
    let rows = doors.house.store.read(organisation::all_bots).await?;
    let views = rows.iter().map(|row| view(row, &doors)).collect();
    Ok(HttpResponse::Ok().json(page::listed(&request, &doors.house.config.chat, views)?))
}

/// One bot.
#[utoipa::path(get, path = "/api/admin/bots/{id}", tag = "administration", params(("id" = i64, Path)),
    responses((status = 200), (status = 403, body = schema::Detail), (status = 404, body = schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    superuser(&caller)?;
    let id = number(&request, "id");
    let row = doors.house.store.read(move |connection| organisation::bot(connection, id)).await?;
    Ok(HttpResponse::Ok().json(view(&row, &doors)))
}

/// Makes a bot (bot-webhooks contract, 2).
#[utoipa::path(post, path = "/api/admin/bots", tag = "administration",
    responses((status = 201), (status = 400, body = schema::FieldErrors), (status = 403, body = schema::Detail)))]
pub async fn create(doors: web::Data<Doors>, caller: Caller, mut payload: web::Payload) -> Answer {
    superuser(&caller)?;
    let body = object(&doors, &mut payload).await?;
    let known = doors.house.store.read(known).await?;
    let settings = BotSettings::default().change(&body, &known).map_err(ApiError::fields)?;
    check_address(&settings, &doors)?;
    let (settings, now) = (sealed(&settings, &doors.outbound.seal), doors.house.clock.now());
    let write = move |connection: &mut _| organisation::add_bot(connection, &settings, api_key(), now);
    let row = doors.house.store.write(write).await?;
    Ok(HttpResponse::build(StatusCode::CREATED).json(view(&row, &doors)))
}

/// 22 characters, of which one is no digit, so that it never looks like a number.
fn api_key() -> String {
    loop {
        let key = random_name();
        if key.bytes().any(|byte| !byte.is_ascii_digit()) {
            return key;
        }
    }
}

/// Changes a bot; what the body does not have stays. A bot that is switched off hands its conversations to humans.
#[utoipa::path(patch, path = "/api/admin/bots/{id}", tag = "administration", params(("id" = i64, Path)),
    responses((status = 200), (status = 400, body = schema::FieldErrors), (status = 404, body = schema::Detail)))]
pub async fn change(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    superuser(&caller)?;
    let id = number(&request, "id");
    let body = object(&doors, &mut payload).await?;
    let look = move |connection: &mut _| Ok((organisation::bot(connection, id)?, known(connection)?));
    let (row, known) = doors.house.store.read(look).await?;
    let old = opened(&row.settings, &doors.outbound.seal);
    let new = old.change(&body, &known).map_err(ApiError::fields)?;
    if new.webhook_url != old.webhook_url {
        check_address(&new, &doors)?;
    }
    let gone = !new.active;
    let (settings, now) = (sealed(&new, &doors.outbound.seal), doors.house.clock.now());
    let write = move |connection: &mut _| organisation::change_bot(connection, id, &settings, now);
    let row = doors.house.store.write(write).await?;
    if gone {
        door::bot_gone(&doors.house, id).await?;
    }
    Ok(HttpResponse::Ok().json(view(&row, &doors)))
}

/// Takes a bot away; its conversations go to humans.
#[utoipa::path(delete, path = "/api/admin/bots/{id}", tag = "administration", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = schema::Detail)))]
pub async fn delete(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    superuser(&caller)?;
    let (id, now) = (number(&request, "id"), doors.house.clock.now());
    // off first, so that it gets nothing more while its conversations go
    let switch_off = move |connection: &mut _| {
        let row = organisation::bot(connection, id)?;
        let off = BotSettings { active: false, ..row.settings };
        organisation::change_bot(connection, id, &off, now).map(drop)
    };
    doors.house.store.write(switch_off).await?;
    door::bot_gone(&doors.house, id).await?;
    doors.house.store.write(move |connection| organisation::remove_bot(connection, id)).await?;
    no_content()
}

/// The bot's last hundred calls and requests, the latest first (contract, 10).
#[utoipa::path(get, path = "/api/admin/bots/{id}/log", tag = "administration", params(("id" = i64, Path)),
    responses((status = 200), (status = 403, body = schema::Detail), (status = 404, body = schema::Detail)))]
pub async fn log(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    superuser(&caller)?;
    let id = number(&request, "id");
    let read = move |connection: &mut _| {
        organisation::bot(connection, id)?;
        organisation::log_of_bot(connection, id)
    };
    let entries = doors.house.store.read(read).await?;
    let views = entries.into_iter().map(|(at, mut entry)| {
        entry["at"] = instant(at).into();
        entry
    });
    Ok(HttpResponse::Ok().json(page::listed(&request, &doors.house.config.chat, views.collect())?))
}
