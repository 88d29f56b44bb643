//! The administration's pages: the schemas, and one of them as a graph with its preview, positions and results; built-in bots.
//!
//! The pages hold nothing but who is looking; what they show they fetch through the API, which decides who may.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::{Value, json};

use super::Doors;
use super::entry::{Caller, authenticate};
use super::error::ApiError;
use super::pages::{VERSION, boot_json, render};
use crate::domain::account::{AccountView, Role};

#[derive(Template)]
#[template(path = "admin_schemas.html", config = "src/web/askama.toml")]
struct Schemas<'a> {
    csrf: &'a str,
    boot_json: &'a str,
    version: &'a str,
    edits: bool,
}

#[derive(Template)]
#[template(path = "admin_schema.html", config = "src/web/askama.toml")]
struct Schema<'a> {
    csrf: &'a str,
    boot_json: &'a str,
    version: &'a str,
}

#[derive(Template)]
#[template(path = "admin_bots.html", config = "src/web/askama.toml")]
struct BotsPage<'a> {
    csrf: &'a str,
    boot_json: &'a str,
    version: &'a str,
}

/// Whoever works here may look; only superusers change something.
fn edits(caller: &Caller) -> bool {
    caller.account.role == Role::Superuser
}

async fn colleague(doors: &Doors, request: &HttpRequest) -> Option<Caller> {
    let caller = authenticate(doors, request).await.ok().flatten();
    caller.filter(|caller| caller.account.role.works_at_the_desk())
}

fn sign_in(request: &HttpRequest) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, format!("/login?next={}", request.path()))).finish()
}

fn boot(doors: &Doors, caller: &Caller, schema: Option<i64>) -> Value {
    json!({
        "account": AccountView::of(&caller.account, &doors.house.look.placeholder),
        "edits": edits(caller),
        "schema": schema,
    })
}

/// The list of schemas.
pub async fn schemas(request: HttpRequest, doors: web::Data<Doors>) -> Result<HttpResponse, ApiError> {
    let Some(caller) = colleague(&doors, &request).await else { return Ok(sign_in(&request)) };
    let boot = boot_json(&boot(&doors, &caller, None));
    let csrf = caller.csrf.as_deref().unwrap_or_default();
    render(StatusCode::OK, &Schemas { csrf, boot_json: &boot, version: VERSION, edits: edits(&caller) })
}

/// One schema. Whether there is one of that number the page finds out.
pub async fn schema(
    request: HttpRequest,
    schema: web::Path<i64>,
    doors: web::Data<Doors>,
) -> Result<HttpResponse, ApiError> {
    let Some(caller) = colleague(&doors, &request).await else { return Ok(sign_in(&request)) };
    let boot = boot_json(&boot(&doors, &caller, Some(*schema)));
    let csrf = caller.csrf.as_deref().unwrap_or_default();
    render(StatusCode::OK, &Schema { csrf, boot_json: &boot, version: VERSION })
}

/// The caller's own built-in bots, with a console to try them out.
pub async fn bots(request: HttpRequest, doors: web::Data<Doors>) -> Result<HttpResponse, ApiError> {
    let Some(caller) = colleague(&doors, &request).await else { return Ok(sign_in(&request)) };
    let boot = boot_json(&boot(&doors, &caller, None));
    let csrf = caller.csrf.as_deref().unwrap_or_default();
    render(StatusCode::OK, &BotsPage { csrf, boot_json: &boot, version: VERSION })
}
