//! The life of a configuration: versions, publishing, going back, export, import, settings, errors (B47, B93).

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::fields::{Fields, complaint};
use super::{MAX_BODY, edit, look, own_bot, reading, shapes};
use crate::domain::bot::document::{Document, EnvVar, Stamp};
use crate::domain::bot::review::{self, Severity};
use crate::store::bots::journal;
use crate::store::{Connection, bots as kept};
use crate::web::Doors;
use crate::web::api::{self, Answer};
use crate::web::entry::Caller;
use crate::web::error::ApiError;

/// Errors that are shown.
const SHOWN: i64 = 200;

/// The versions that are kept, the newest first.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/versions/", tag = "built-in bots",
    responses((status = 200), (status = 404, body = api::schema::Detail)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let bot = own_bot(&request, &doors, &caller).await?;
    let live = bot.live;
    let read = move |connection: &mut Connection| {
        Ok((kept::versions(connection, &bot.id)?, kept::has_draft(connection, &bot.id)?))
    };
    let (versions, draft) = doors.house.store.read(read).await?;
    let list: Vec<Value> = versions
        .iter()
        .map(|one| {
            json!({"version": one.version, "note": one.note, "created_at": shapes::moment(one.created),
                   "live": one.version == live})
        })
        .collect();
    Ok(HttpResponse::Ok().json(json!({"live": live, "has_draft": draft, "versions": list})))
}

/// Makes the draft what runs.
#[utoipa::path(post, path = "/api/v1/bots/{bot}/publish/", tag = "built-in bots",
    responses((status = 200), (status = 400), (status = 404, body = api::schema::Detail)))]
pub async fn publish(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (bot, now) = (own_bot(&request, &doors, &caller).await?, doors.house.clock.now());
    let write = move |connection: &mut Connection| {
        let published = kept::publish(connection, &bot.id, "published", now)?;
        Ok(json!({"published": published, "live": kept::get(connection, &bot.id)?.live}))
    };
    Ok(HttpResponse::Ok().json(doors.house.store.write(write).await?))
}

/// Goes back to an earlier version, which becomes the newest one.
#[utoipa::path(post, path = "/api/v1/bots/{bot}/rollback/", tag = "built-in bots",
    responses((status = 200), (status = 400), (status = 404, body = api::schema::Detail)))]
pub async fn roll_back(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let (bot, now) = (own_bot(&request, &doors, &caller).await?, doors.house.clock.now());
    let body = reading::object(&request, payload, MAX_BODY).await?;
    let mut fields = Fields::new(&body, false);
    let version = fields.integer("version", true).unwrap_or_default();
    fields.check()?;
    let write = move |connection: &mut Connection| {
        let document = kept::version_of(connection, &bot.id, version)?;
        let note = format!("back to version {version}");
        kept::publish_document(connection, &bot.id, &document, &note, now)?;
        Ok(json!({"live": kept::get(connection, &bot.id)?.live}))
    };
    Ok(HttpResponse::Ok().json(doors.house.store.write(write).await?))
}

/// The whole configuration as one document; secret values are left out.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/export/", tag = "built-in bots",
    responses((status = 200), (status = 404, body = api::schema::Detail)))]
pub async fn export(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (_, mut document) = look(&request, &doors, &caller).await?;
    for secret in document.env.iter_mut().filter(|one| one.secret) {
        secret.value = String::new();
    }
    Ok(HttpResponse::Ok().json(document))
}

/// Every id that is missing is made, so that what was written by hand can be brought in.
fn complete(document: &mut Document, now: i64) {
    let fill = |one: &mut Stamp| {
        if one.id.is_empty() {
            one.id = kept::new_id();
        }
        if one.created_at == 0 {
            one.created_at = now;
        }
        if one.updated_at == 0 {
            one.updated_at = now;
        }
    };
    document.env.iter_mut().for_each(|one| fill(&mut one.stamp));
    document.states.iter_mut().for_each(|one| fill(&mut one.stamp));
    for handler in &mut document.handlers {
        fill(&mut handler.stamp);
        if let Some(request) = &mut handler.request {
            fill(&mut request.stamp);
            let parameters = request.url_parameters.iter_mut().chain(&mut request.header_parameters);
            parameters.for_each(|one| fill(&mut one.stamp));
        }
    }
    for hook in &mut document.hooks {
        fill(&mut hook.stamp);
        hook.recipients.iter_mut().for_each(|one| fill(&mut one.stamp));
        if hook.key.is_empty() {
            hook.key = super::hooks::new_key();
        }
    }
}

/// Puts a whole configuration in place of the present one. Ids are kept; a secret without a value keeps the one it has.
#[utoipa::path(put, path = "/api/v1/bots/{bot}/import/", tag = "built-in bots",
    responses((status = 200), (status = 400), (status = 404, body = api::schema::Detail)))]
pub async fn import(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let body = Value::Object(reading::object(&request, payload, MAX_BODY).await?);
    let mut document: Document = serde_json::from_value(body)
        .map_err(|error| complaint("non_field_errors", &format!("This is no configuration: {error}.")))?;
    complete(&mut document, doors.house.clock.now());
    let review = web::block(move || (review::check(&document), document));
    let (findings, mut document) = review.await.map_err(|_| ApiError::unavailable("The server is stopping."))?;
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Err(ApiError::body_of_fields(json!({"findings": findings})));
    }
    let seal = doors.outbound.seal.clone();
    let changed = edit(&request, &doors, &caller, move |present, _| {
        for one in document.env.iter_mut().filter(|one| one.secret) {
            let same = |known: &&EnvVar| known.secret && known.key == one.key;
            one.value = match present.env.iter().find(same) {
                Some(known) if one.value.is_empty() => known.value.clone(),
                _ => seal.seal(&one.value),
            };
        }
        *present = document;
        Ok(())
    });
    changed.await?;
    Ok(HttpResponse::Ok().json(json!({"findings": findings})))
}

/// What a bot does beyond its handlers, and whether its changes are live at once.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/settings/", tag = "built-in bots",
    responses((status = 200), (status = 404, body = api::schema::Detail)))]
pub async fn settings(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (bot, document) = look(&request, &doors, &caller).await?;
    Ok(HttpResponse::Ok().json(json!({"auto_publish": bot.auto_publish, "settings": document.settings})))
}

/// Changes it.
#[utoipa::path(put, path = "/api/v1/bots/{bot}/settings/", tag = "built-in bots",
    responses((status = 200), (status = 400), (status = 404, body = api::schema::Detail)))]
pub async fn set(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let bot = own_bot(&request, &doors, &caller).await?;
    let body = reading::object(&request, payload, MAX_BODY).await?;
    let mut fields = Fields::new(&body, true);
    let auto = fields.truth("auto_publish", false);
    let settings = match fields.raw("settings").map(|value| serde_json::from_value(value.clone())) {
        Some(Err(error)) => {
            fields.complain("settings", error.to_string());
            None
        }
        Some(Ok(settings)) => Some(settings),
        None => None,
    };
    fields.check()?;
    if let Some(auto) = auto {
        let id = bot.id.clone();
        doors.house.store.write(move |connection| kept::set_auto_publish(connection, &id, auto)).await?;
    }
    if let Some(settings) = settings {
        let change = move |document: &mut Document, _| {
            document.settings = settings;
            let findings = review::check(document);
            let wrong: Vec<_> = findings.iter().filter(|one| one.severity == Severity::Error).collect();
            if wrong.is_empty() { Ok(()) } else { Err(ApiError::body_of_fields(json!({"findings": wrong}))) }
        };
        edit(&request, &doors, &caller, change).await?;
    }
    let (bot, document) = look(&request, &doors, &caller).await?;
    Ok(HttpResponse::Ok().json(json!({"auto_publish": bot.auto_publish, "settings": document.settings})))
}

/// The last errors of a bot, the newest first; secrets are masked.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/errors/", tag = "built-in bots",
    responses((status = 200), (status = 404, body = api::schema::Detail)))]
pub async fn errors(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let bot = own_bot(&request, &doors, &caller).await?;
    let read = move |connection: &mut Connection| journal::errors(connection, &bot.id, SHOWN);
    let found = doors.house.store.read(read).await?;
    Ok(HttpResponse::Ok().json(found.iter().map(shapes::mishap).collect::<Vec<_>>()))
}
