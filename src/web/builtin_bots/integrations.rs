//! Connections to providers (bots contract, 3.2). Credentials are checked with the provider, kept encrypted, and shown in
//! full only in the answer to their creation (B3).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::fields::{Fields, complaint};
use super::{missing, own_bot, part, reading, shapes};
use crate::bots::{CallFailed, Credentials, Secrets, mark, masked};
use crate::domain::bot::provider::Provider;
use crate::store::bots::integrations::{self, Integration};
use crate::store::{Connection, StoreError, bots as kept};
use crate::web::Doors;
use crate::web::api::{self, Answer};
use crate::web::entry::Caller;
use crate::web::error::ApiError;

fn provider_of(request: &HttpRequest) -> Result<Provider, ApiError> {
    Provider::named(request.match_info().query("provider")).ok_or_else(missing)
}

/// The provider's name as people know it.
fn called(provider: Provider) -> &'static str {
    match provider {
        Provider::Telegram => "Telegram",
        Provider::Kik => "Kik",
        Provider::Messenger => "Messenger",
    }
}

fn refused(provider: Provider, failed: &CallFailed) -> ApiError {
    let status = if failed.is_refusal() { StatusCode::BAD_REQUEST } else { StatusCode::BAD_GATEWAY };
    ApiError::with_body(status, json!({"error": format!("{} Error: {failed}", called(provider))}))
}

/// Digits, a colon, then letters, digits, `_`, `-`: all of it (B2).
fn is_token(token: &str) -> bool {
    let Some((digits, rest)) = token.split_once(':') else { return false };
    digits.len() >= 3
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !rest.is_empty()
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// The integration of the bot with the provider of the path: one object, or 404 (B4).
#[utoipa::path(get, path = "/api/v1/bots/{bot}/{provider}/", tag = "built-in bots",
    responses((status = 200), (status = 404, body = api::schema::Detail)))]
pub async fn only(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (bot, provider) = (own_bot(&request, &doors, &caller).await?, provider_of(&request)?);
    let read = move |connection: &mut Connection| integrations::of_bot(connection, &bot.id, provider.name());
    let found = doors.house.store.read(read).await?.ok_or_else(missing)?;
    Ok(HttpResponse::Ok().json(shapes::integration(&found)?))
}

struct Form {
    enabled: bool,
    credentials: Credentials,
    app_secret: Option<String>,
}

async fn read_form(request: &HttpRequest, payload: web::Payload, provider: Provider) -> Result<Form, ApiError> {
    let body = reading::object(request, payload, super::MAX_BODY).await?;
    let mut fields = Fields::new(&body, false);
    let text = |fields: &mut Fields, name: &str, max| fields.text(name, max, true).unwrap_or_default();
    let credentials = match provider {
        Provider::Telegram => {
            let token = text(&mut fields, "token", 100);
            if !token.is_empty() && !is_token(&token) {
                fields.complain("token", format!("{} is not a valid token", masked(&token)));
            }
            Credentials::Token(token)
        }
        Provider::Messenger => Credentials::Token(text(&mut fields, "token", 512)),
        Provider::Kik => Credentials::Basic {
            username: text(&mut fields, "username", 200),
            api_key: text(&mut fields, "api_key", 200),
        },
    };
    let enabled = fields.truth("enabled", false).unwrap_or(true);
    let app_secret = fields.text("app_secret", 200, false);
    fields.check()?;
    Ok(Form { enabled, credentials, app_secret })
}

/// What may be shown: everything once, later masked.
fn shown(credentials: &Credentials, mask: bool) -> Value {
    let show = |secret: &str| if mask { masked(secret) } else { secret.to_owned() };
    match credentials {
        Credentials::Token(token) => json!({"token": show(token)}),
        Credentials::Basic { username, api_key } => json!({"username": username, "api_key": show(api_key)}),
    }
}

/// Connects the bot: the provider is asked first, and a refusal leaves nothing behind.
#[utoipa::path(post, path = "/api/v1/bots/{bot}/{provider}/", tag = "built-in bots",
    responses((status = 201), (status = 400), (status = 409, body = api::schema::Detail), (status = 502)))]
pub async fn create(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let (bot, provider) = (own_bot(&request, &doors, &caller).await?, provider_of(&request)?);
    let form = read_form(&request, payload, provider).await?;
    if provider == Provider::Kik && !doors.house.config.bots.kik {
        let body = json!({"error": "Kik Error: this server does not speak to Kik (bots.kik)."});
        return Err(ApiError::with_body(StatusCode::BAD_REQUEST, body));
    }
    let (mark, id) = (mark(provider, &form.credentials, &bot.id), bot.id.clone());
    let known = mark.clone();
    let look = move |connection: &mut Connection| {
        Ok((
            integrations::of_bot(connection, &id, provider.name())?.is_some(),
            integrations::is_marked(connection, &known)?,
        ))
    };
    let (has_one, is_used) = doors.house.store.read(look).await?;
    if is_used && !has_one {
        return Err(complaint("token", "A bot with this token exists already."));
    }
    if has_one {
        let detail = "The bot is connected to this provider already; delete the integration first.";
        return Err(ApiError::new(StatusCode::CONFLICT, detail, "conflict"));
    }
    let now = doors.house.clock.now();
    let id = kept::new_id();
    let secrets = Secrets::new(form.credentials, form.app_secret);
    let info = doors.bots.connect(provider, &secrets, &id, form.enabled, true).await;
    let info = info.map_err(|failed| refused(provider, &failed))?;
    let one = Integration {
        id,
        bot_id: bot.id,
        provider: provider.name().to_owned(),
        sealed: doors.outbound.seal.seal(&secrets.to_text()),
        shown: shown(&secrets.credentials, true).to_string(),
        mark,
        enabled: form.enabled,
        info: info.map(|info| info.to_string()),
        created: now,
        updated: now,
    };
    let row = one.clone();
    doors.house.store.write(move |connection| integrations::create(connection, &row)).await?;
    let full = Integration { shown: shown(&secrets.credentials, false).to_string(), ..one };
    Ok(HttpResponse::Created().json(shapes::integration(&full)?))
}

async fn found(request: &HttpRequest, doors: &Doors, caller: &Caller) -> Result<Integration, ApiError> {
    let (bot, provider) = (own_bot(request, doors, caller).await?, provider_of(request)?);
    let id = part(request, "id");
    let read = move |connection: &mut Connection| integrations::get(connection, &id);
    let found = doors.house.store.read(read).await?;
    if found.bot_id == bot.id && found.provider == provider.name() { Ok(found) } else { Err(missing()) }
}

/// An integration.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/{provider}/{id}/", tag = "built-in bots",
    responses((status = 200), (status = 404, body = api::schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    Ok(HttpResponse::Ok().json(shapes::integration(&found(&request, &doors, &caller).await?)?))
}

/// Enables or disables it: the provider's webhook is set or unset. Nothing changes when the provider is away (B7).
#[utoipa::path(put, path = "/api/v1/bots/{bot}/{provider}/{id}/", tag = "built-in bots",
    responses((status = 200), (status = 400), (status = 404, body = api::schema::Detail), (status = 502)))]
pub async fn change(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let (one, provider) = (found(&request, &doors, &caller).await?, provider_of(&request)?);
    let body = reading::object(&request, payload, super::MAX_BODY).await?;
    let mut fields = Fields::new(&body, false);
    let enabled = fields.truth("enabled", true).unwrap_or_default();
    let app_secret = fields.text("app_secret", 200, false);
    fields.check()?;
    let mut secrets = doors.bots.secrets(&one.sealed).ok_or_else(|| ApiError::unavailable("The key is not there."))?;
    let asked = doors.bots.connect(provider, &secrets, &one.id, enabled, one.info.is_none()).await;
    let info = asked.map_err(|failed| refused(provider, &failed))?;
    let resealed = app_secret.map(|secret| {
        secrets.app_secret = Some(secret);
        doors.outbound.seal.seal(&secrets.to_text())
    });
    let now = doors.house.clock.now();
    let write = move |connection: &mut Connection| {
        if let Some(sealed) = &resealed {
            integrations::reseal(connection, &one.id, sealed, now)?;
        }
        integrations::change(connection, &one.id, enabled, info.as_ref(), now)
    };
    Ok(HttpResponse::Ok().json(shapes::integration(&doors.house.store.write(write).await?)?))
}

/// Disconnects the bot; the webhook is unset in the background (B8).
#[utoipa::path(delete, path = "/api/v1/bots/{bot}/{provider}/{id}/", tag = "built-in bots",
    responses((status = 204), (status = 404, body = api::schema::Detail)))]
pub async fn delete(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (one, now) = (found(&request, &doors, &caller).await?, doors.house.clock.now());
    let write = move |connection: &mut Connection| -> Result<(), StoreError> {
        crate::bots::leave(connection, &one, now)?;
        integrations::delete(connection, &one.id)
    };
    doors.house.store.write(write).await?;
    Ok(HttpResponse::NoContent().finish())
}
