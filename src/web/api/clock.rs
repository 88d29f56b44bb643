//! The house's clock, for those who try out trackers and reminders: it can be turned where the settings allow it.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::{Answer, body};
use crate::config;
use crate::domain::{FieldErrors, Refusal, Role, time};
use crate::web::Doors;
use crate::web::entry::Caller;

/// Turns the clock forward by a span of time (`90m`, `7d`), and with `"stop": true` lets it stand there; 404 unless `server.turnable_clock` is on.
#[utoipa::path(post, path = "/api/admin/clock", tag = "administration", request_body = super::schema::ClockTurn,
    responses((status = 200, body = super::schema::Clock), (status = 400, body = super::schema::FieldErrors),
              (status = 403, body = super::schema::Detail), (status = 404, body = super::schema::Detail)))]
pub async fn turn(doors: web::Data<Doors>, caller: Caller, mut payload: web::Payload) -> Answer {
    let house = &doors.house;
    if caller.account.role != Role::Superuser {
        return Err(Refusal::Forbidden.into());
    }
    if !house.config.server.turnable_clock {
        return Err(Refusal::NotFound.into());
    }
    let body = body::json(&mut payload, house.config.limits.body_bytes).await?;
    let forward = body.get("forward").and_then(|span| span.as_str()).unwrap_or_default();
    let span: Duration = config::span(forward).map_err(|why| Refusal::Invalid(FieldErrors::one("forward", why)))?;
    if body.get("stop").is_some_and(|stop| stop == true) {
        house.clock.stop();
    }
    house.clock.turn(i64::try_from(span.as_micros()).unwrap_or(i64::MAX / 2));
    house.store.jobs_written().notify_one();
    Ok(HttpResponse::Ok().json(json!({"now": time::format(house.clock.now())})))
}
