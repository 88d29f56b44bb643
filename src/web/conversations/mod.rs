//! Conversations that operators hold, over HTTP: what contacts do with them, the desk's side, the administration of who holds
//! them, and the endpoint of bots.
//!
//! - [`contact`]: registration, picks, the end. [`requests`]: events that bots send by themselves.
//! - [`desk`]: inbox, takeover and the rest. [`channel_events`]: the door of the host's own connectors.
//! - [`bots`], [`operators`], [`widgets`], [`catalogue`]: how all of it is set.

pub mod bots;
pub mod catalogue;
pub mod channel_events;
pub mod contact;
pub mod desk;
pub mod operators;
pub mod requests;
pub mod widgets;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value};

use super::Doors;
use super::api::{Answer, body};
use super::entry::Caller;
use super::error::ApiError;
use crate::actors::conversations::door::Declined;
use crate::domain::conversation::settings_form::Known;
use crate::domain::conversation::step::Refused;
use crate::domain::{Refusal, Role};
use crate::store::bots as builtin_bots;
use crate::store::{Connection, organisation};

/// Declares the routes; a method that a path does not have is answered 405.
pub fn routes(config: &mut web::ServiceConfig) {
    let other = || web::route().to(method_not_allowed);
    config
        // a key of a bot has letters in it: numbers are ids of something else
        .service(
            web::resource(r"/api/bots/{key:[A-Za-z0-9_-]*[A-Za-z_-][A-Za-z0-9_-]*}{slash:/?}")
                .route(web::route().to(requests::newest)),
        )
        .service(
            web::resource(r"/api/bots/{key:[A-Za-z0-9_-]*[A-Za-z_-][A-Za-z0-9_-]*}/{version:[^/]+}{slash:/?}")
                .route(web::route().to(requests::versioned)),
        )
        .service(
            web::resource(r"/api/threads/{thread:\d+}/messages/{message:\d+}/pick")
                .route(web::post().to(contact::pick))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/threads/{thread:\d+}/registration")
                .route(web::post().to(contact::register))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/threads/{thread:\d+}/conversation")
                .route(web::get().to(contact::read))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/threads/{thread:\d+}/conversation/end")
                .route(web::post().to(contact::end))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/admin/channels/{channel}/events")
                .route(web::post().to(channel_events::take))
                .default_service(other()),
        );
    desk_routes(config);
    admin_routes(config);
}

fn desk_routes(config: &mut web::ServiceConfig) {
    let other = || web::route().to(method_not_allowed);
    config
        .service(web::resource("/api/desk/conversations").route(web::get().to(desk::list)).default_service(other()))
        .service(
            web::resource(r"/api/desk/conversations/{thread:\d+}")
                .route(web::get().to(desk::read))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/desk/conversations/{thread:\d+}/messages")
                .route(web::get().to(desk::messages))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/desk/conversations/{thread:\d+}/notes")
                .route(web::post().to(desk::note))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/desk/conversations/{thread:\d+}/{act:take_over|assign|forward|unassign|end|reopen}")
                .route(web::post().to(desk::act))
                .default_service(other()),
        )
        .service(web::resource("/api/desk/away").route(web::put().to(desk::away)).default_service(other()));
}

fn admin_routes(config: &mut web::ServiceConfig) {
    let other = || web::route().to(method_not_allowed);
    config
        .service(
            web::resource("/api/admin/bots")
                .route(web::get().to(bots::list))
                .route(web::post().to(bots::create))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/admin/bots/{id:\d+}")
                .route(web::get().to(bots::read))
                .route(web::patch().to(bots::change))
                .route(web::delete().to(bots::delete))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/admin/bots/{id:\d+}/log").route(web::get().to(bots::log)).default_service(other()),
        )
        .service(web::resource("/api/admin/operators").route(web::get().to(operators::list)).default_service(other()))
        .service(
            web::resource(r"/api/admin/operators/{id:\d+}")
                .route(web::get().to(operators::read))
                .route(web::put().to(operators::put))
                .route(web::patch().to(operators::put))
                .route(web::delete().to(operators::delete))
                .default_service(other()),
        )
        .service(
            web::resource("/api/admin/widgets")
                .route(web::get().to(widgets::list))
                .route(web::post().to(widgets::create))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/admin/widgets/{id:\d+}")
                .route(web::get().to(widgets::read))
                .route(web::patch().to(widgets::change))
                .route(web::delete().to(widgets::delete))
                .default_service(other()),
        )
        .service(
            web::resource("/api/admin/{kind:groups|skills|topics|fields|addons}")
                .route(web::get().to(catalogue::list))
                .route(web::post().to(catalogue::create))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/admin/{kind:groups|skills|topics|fields|addons}/{id:\d+}")
                .route(web::get().to(catalogue::read))
                .route(web::patch().to(catalogue::change))
                .route(web::delete().to(catalogue::delete))
                .default_service(other()),
        );
}

async fn method_not_allowed(request: HttpRequest, _caller: Caller) -> Answer {
    Err(ApiError::method_not_allowed(request.method().as_str()))
}

/// A number in a path; one that is too large stands for nothing.
fn number(request: &HttpRequest, name: &str) -> i64 {
    request.match_info().query(name).parse().unwrap_or(i64::MAX)
}

fn superuser(caller: &Caller) -> Result<(), ApiError> {
    if caller.account.role == Role::Superuser { Ok(()) } else { Err(Refusal::Forbidden.into()) }
}

async fn object(doors: &Doors, payload: &mut web::Payload) -> Result<Map<String, Value>, ApiError> {
    body::json(payload, doors.house.config.limits.body_bytes).await
}

/// What settings may name.
fn known(connection: &mut Connection) -> Result<Known, crate::store::StoreError> {
    let ids = |items: Vec<organisation::Item>| items.into_iter().map(|item| item.id).collect();
    Ok(Known {
        groups: ids(organisation::items(connection, "group")?),
        skills: ids(organisation::items(connection, "skill")?),
        builtins: builtin_bots::accounts(connection)?.into_iter().collect(),
    })
}

/// Why a conversation did not move, as an answer.
fn declined(why: Declined) -> ApiError {
    let status = match &why {
        Declined::Other(refusal) => return refusal.clone().into(),
        Declined::Rules(Refused::Invalid(code)) => {
            return ApiError::fields(crate::domain::FieldErrors::one(field_of(code), *code));
        }
        Declined::Rules(Refused::UnknownOption) => StatusCode::BAD_REQUEST,
        Declined::Rules(Refused::SessionOver) => StatusCode::GONE,
        Declined::Rules(_) => StatusCode::CONFLICT,
    };
    ApiError::new(status, why.detail(), why.code())
}

/// The field of the registration card that a code of the contract speaks of (12.11).
fn field_of(code: &str) -> &'static str {
    match code {
        "invalid_email" => "email",
        "invalid_mobile_number" => "mobile_number",
        "unknown_custom_field" => "custom_fields",
        _ => "non_field_errors",
    }
}

fn no_content() -> Answer {
    Ok(HttpResponse::NoContent().finish())
}
