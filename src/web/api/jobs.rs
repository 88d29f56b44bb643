//! What must leave the house, for administrators: what is parked can be tried again or given up.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::page::{Page, parameters};
use super::select::Select;
use super::{Answer, method_not_allowed, number};
use crate::domain::{FieldErrors, Refusal, Role, time};
use crate::store::jobs::{self, Job};
use crate::web::Doors;
use crate::web::entry::Caller;
use crate::web::error::ApiError;

/// The states that can be asked for.
const STATES: [&str; 3] = ["waiting", "claimed", "parked"];

/// Declares the routes.
pub fn routes(config: &mut web::ServiceConfig) {
    let other = || web::route().to(method_not_allowed);
    config
        .service(web::resource("/api/admin/jobs").route(web::get().to(list)).default_service(other()))
        .service(web::resource(r"/api/admin/jobs/{job:\d+}").route(web::delete().to(remove)).default_service(other()))
        .service(
            web::resource(r"/api/admin/jobs/{job:\d+}/retry").route(web::post().to(retry)).default_service(other()),
        );
}

fn superuser(caller: &Caller) -> Result<(), ApiError> {
    if caller.account.role == Role::Superuser { Ok(()) } else { Err(Refusal::Forbidden.into()) }
}

/// A job without what it is about, which may be somebody's secret.
fn object(job: &Job) -> Value {
    json!({
        "id": job.id, "kind": job.kind, "recipient": job.recipient, "state": job.state, "due": time::format(job.due),
        "attempts": job.attempts, "last_error": job.last_error, "created": time::format(job.created),
    })
}

/// A page of the jobs, the oldest first.
#[utoipa::path(get, path = "/api/admin/jobs", tag = "administration",
    params(("state" = Option<String>, Query, description = "waiting, claimed or parked"),
           ("limit" = Option<i64>, Query), ("offset" = Option<i64>, Query), ("fields" = Option<String>, Query)),
    responses((status = 200, body = super::schema::JobPage), (status = 400, body = super::schema::FieldErrors),
              (status = 403, body = super::schema::Detail)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    superuser(&caller)?;
    let parameters = parameters(&request);
    let page = Page::read(&parameters, &doors.house.config.chat)?;
    let state = parameters.get("state").cloned();
    if let Some(odd) = state.as_ref().filter(|state| !STATES.contains(&state.as_str())) {
        return Err(ApiError::fields(FieldErrors::one("state", format!("\"{odd}\" is not a valid choice."))));
    }
    let select = Select::parse(parameters.get("fields").map(String::as_str));
    let range = (page.offset, page.count);
    let found = doors.house.store.read(move |connection| jobs::list(connection, state.as_deref(), range)).await?;
    let results = found.iter().map(|job| select.apply(object(job))).collect();
    Ok(HttpResponse::Ok().json(page.body(&request, results)))
}

/// Tries a job again now, with all its tries before it.
#[utoipa::path(post, path = "/api/admin/jobs/{job}/retry", tag = "administration", params(("job" = i64, Path)),
    responses((status = 200, body = super::schema::Job), (status = 403, body = super::schema::Detail),
              (status = 404, body = super::schema::Detail)))]
pub async fn retry(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    superuser(&caller)?;
    let (id, now) = (number(&request, "job"), doors.house.clock.now());
    let job = doors.house.store.write(move |connection| jobs::retry(connection, id, now)).await?;
    Ok(HttpResponse::Ok().json(object(&job)))
}

/// Gives a job up.
#[utoipa::path(delete, path = "/api/admin/jobs/{job}", tag = "administration", params(("job" = i64, Path)),
    responses((status = 204), (status = 403, body = super::schema::Detail), (status = 404, body = super::schema::Detail)))]
pub async fn remove(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    superuser(&caller)?;
    let id = number(&request, "job");
    doors.house.store.write(move |connection| jobs::remove(connection, id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
