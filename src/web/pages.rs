//! The pages that people look at, rendered by askama from `src/web/pages/`.

use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::{Value, json};

use super::Doors;
use super::api::page::parameters;
use super::entry::authenticate;
use super::error::ApiError;
use crate::domain::account::AccountView;
use crate::store::accounts;

/// The most colleagues of whom the desk is told.
const MAX_TEAM: i64 = 1_000;

/// What pages and the documentation call this version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Template)]
#[template(path = "home.html", config = "src/web/askama.toml")]
struct Home<'a> {
    version: &'a str,
    signed_in: bool,
}

#[derive(Template)]
#[template(path = "demo.html", config = "src/web/askama.toml")]
struct Demo<'a> {
    version: &'a str,
    /// Whether the conversation begins with the sample script.
    guided: bool,
}

#[derive(Template)]
#[template(path = "login.html", config = "src/web/askama.toml")]
struct Login<'a> {
    error: Option<String>,
    next: &'a str,
}

#[derive(Template)]
#[template(path = "desk.html", config = "src/web/askama.toml")]
struct Desk<'a> {
    csrf: &'a str,
    boot_json: &'a str,
    version: &'a str,
}

#[derive(Template)]
#[template(path = "websocket.html", config = "src/web/askama.toml")]
struct WebSocketPage<'a> {
    version: &'a str,
}

#[derive(Template)]
#[template(path = "error.html", config = "src/web/askama.toml")]
struct ErrorPage<'a> {
    status: u16,
    message: &'a str,
}

/// A page as an answer.
pub(super) fn render(status: StatusCode, page: &impl Template) -> Result<HttpResponse, ApiError> {
    let html = page.render().map_err(|error| {
        tracing::error!(%error, "a page could not be rendered");
        ApiError::unavailable("This page could not be made.")
    })?;
    Ok(HttpResponse::build(status).content_type(ContentType::html()).body(html))
}

/// What a page's script is told, as it stands in the page: inside of a script block only `<` could end it.
pub(super) fn boot_json(boot: &Value) -> String {
    boot.to_string().replace('<', "\\u003c")
}

/// The landing page.
pub async fn home(request: HttpRequest, doors: web::Data<Doors>) -> Result<HttpResponse, ApiError> {
    let signed_in = matches!(authenticate(&doors, &request).await, Ok(Some(_)));
    render(StatusCode::OK, &Home { version: VERSION, signed_in })
}

/// A shop that embeds the widget.
pub async fn demo(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let guided = parameters(&request).get("talk").is_some_and(|talk| talk == "health");
    render(StatusCode::OK, &Demo { version: VERSION, guided })
}

/// The WebSocket protocol.
pub async fn websocket() -> Result<HttpResponse, ApiError> {
    render(StatusCode::OK, &WebSocketPage { version: VERSION })
}

/// The sign-in form.
pub async fn login(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let parameters = parameters(&request);
    login_page(None, parameters.get("next").map_or("/desk", String::as_str), false)
}

/// The sign-in form, with what was wrong.
pub(super) fn login_page(error: Option<String>, next: &str, refused: bool) -> Result<HttpResponse, ApiError> {
    let status = if refused { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
    render(status, &Login { error, next })
}

/// The operators' desk; who is not signed in is asked to.
pub async fn desk(request: HttpRequest, doors: web::Data<Doors>) -> Result<HttpResponse, ApiError> {
    let caller = authenticate(&doors, &request).await.ok().flatten();
    let Some(caller) = caller.filter(|caller| caller.account.role.works_at_the_desk()) else {
        return Ok(HttpResponse::SeeOther().insert_header((LOCATION, "/login?next=/desk")).finish());
    };
    // who is on the team, so that the desk can tell a visitor from a colleague
    let team = doors.house.store.read(|connection| accounts::desk(connection, MAX_TEAM)).await?;
    let boot = json!({
        "team": team.iter().map(|account| account.id).collect::<Vec<_>>(),
        "account": AccountView::of(&caller.account, &doors.house.look.placeholder),
        "role": caller.account.role.as_str(),
        "email": caller.account.email,
    });
    let boot_json = boot_json(&boot);
    let csrf = caller.csrf.as_deref().unwrap_or_default();
    render(StatusCode::OK, &Desk { csrf, boot_json: &boot_json, version: VERSION })
}

/// What is nowhere: JSON for programs, a page for people.
pub async fn not_found(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    if request.path().starts_with("/api") {
        return Err(crate::domain::Refusal::NotFound.into());
    }
    render(StatusCode::NOT_FOUND, &ErrorPage { status: 404, message: "There is nothing here" })
}
