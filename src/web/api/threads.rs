//! Threads: list, create, read, change, leave (contract, 5).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use super::named::named;
use super::page::{Page, parameters};
use super::select::Select;
use super::{Answer, body, objects, thread_of};
use crate::actors;
use crate::domain::decide::{Command, ThreadForm};
use crate::domain::opening::NewThread;
use crate::domain::{Permissions, Refusal};
use crate::store::threads;
use crate::web::Doors;
use crate::web::entry::Caller;
use crate::web::error::ApiError;

/// The header that makes a repeated POST harmless.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// The type in the path, if it is the caller's own list and the type exists; else forbidden.
fn own_list(request: &HttpRequest, doors: &Doors, caller: &Caller) -> Result<String, ApiError> {
    let own = super::number(request, "account") == caller.account.id;
    let kind = request.match_info().query("kind").to_owned();
    if own && doors.house.config.chat.types.contains(&kind) { Ok(kind) } else { Err(Refusal::Forbidden.into()) }
}

/// The caller's threads of one type; `newest=true` puts those first in which something happened last.
#[utoipa::path(get, path = "/api/accounts/{account}/threads/{type}", tag = "threads",
    params(("account" = i64, Path), ("type" = String, Path), ("limit" = Option<i64>, Query), ("offset" = Option<i64>, Query),
           ("newest" = Option<bool>, Query), ("fields" = Option<String>, Query)),
    responses((status = 200, body = super::schema::ThreadPage), (status = 403, body = super::schema::Detail)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let kind = own_list(&request, &doors, &caller)?;
    let parameters = parameters(&request);
    let page = Page::read(&parameters, &doors.house.config.chat)?;
    let select = Select::parse(parameters.get("fields").map(String::as_str));
    let newest = parameters.get("newest").is_some_and(|value| value == "true");
    let (account, config, range) = (caller.account.id, doors.house.config.clone(), (page.offset, page.count));
    let read = move |connection: &mut crate::store::Connection| {
        let ids = threads::of_account(connection, account, &kind, newest, range)?;
        let states = ids.into_iter().map(|id| threads::member_state(connection, id, account, &config.chat.visibility));
        states.collect::<Result<Vec<_>, _>>()
    };
    let mut states = doors.house.store.read(read).await?;
    for state in &mut states {
        objects::find_schema(&doors.house, state).await?;
    }
    let objects: Result<Vec<Value>, ApiError> =
        states.iter().map(|state| objects::write_thread(state, &doors.house.look, false)).collect();
    let results = objects?.into_iter().map(|object| select.apply(object)).collect();
    Ok(HttpResponse::Ok().json(page.body(&request, results)))
}

/// Opens a thread; its creator gets the creator's rights (contract, 5.3).
#[utoipa::path(post, path = "/api/accounts/{account}/threads/{type}", tag = "threads",
    params(("account" = i64, Path), ("type" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = super::schema::NewThread,
    responses((status = 201, body = super::schema::Thread), (status = 400, body = super::schema::FieldErrors),
              (status = 403, body = super::schema::Detail)))]
pub async fn create(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    let kind = own_list(&request, &doors, &caller)?;
    let house = &doors.house;
    let body = body::json(&mut payload, house.config.limits.body_bytes).await?;
    let named = named(house, &body).await?;
    let (rules, now) = (house.script_rules(), house.clock.now());
    let read = NewThread::read(&body, &kind, &caller.account, &named, (rules, now), &mut rand::random);
    let mut new = read.map_err(ApiError::fields)?;
    new.idempotency_key = idempotency_key(&request);
    let (thread, outcome) = house.store.write(move |connection| threads::create(connection, &new, &[], now)).await?;
    if let Some(outcome) = outcome {
        actors::announce_thread(house, thread, outcome).await;
    }
    let state = objects::state(house, thread, caller.account.id).await?;
    let object = objects::write_thread(&state, &house.look, false)?;
    Ok(selected(&request, StatusCode::CREATED, object))
}

/// The idempotency key of a request, cut to what is stored.
pub(super) fn idempotency_key(request: &HttpRequest) -> Option<String> {
    let key = request.headers().get(IDEMPOTENCY_KEY)?.to_str().ok()?.trim();
    (!key.is_empty()).then(|| key.chars().take(crate::domain::message::MAX_CLIENT_ID).collect())
}

/// An answer with the fields that the request asked for.
pub(super) fn selected(request: &HttpRequest, status: StatusCode, object: Value) -> HttpResponse {
    let select = Select::parse(parameters(request).get("fields").map(String::as_str));
    HttpResponse::build(status).json(select.apply(object))
}

/// A thread as its member sees it. Marks nothing as read.
#[utoipa::path(get, path = "/api/threads/{thread}", tag = "threads", params(("thread" = i64, Path)),
    responses((status = 200, body = super::schema::Thread), (status = 403, body = super::schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let state = objects::state(&doors.house, thread_of(&request), caller.account.id).await?;
    if !state.member.seat.may(Permissions::READ_THREAD) {
        return Err(Refusal::Forbidden.into());
    }
    let object = objects::write_thread(&state, &doors.house.look, true)?;
    Ok(selected(&request, StatusCode::OK, object))
}

/// Changes the title, one's own notifications, or everybody's state (contract, 5.4).
#[utoipa::path(patch, path = "/api/threads/{thread}", tag = "threads", params(("thread" = i64, Path)),
    request_body = super::schema::ThreadChange,
    responses((status = 200, body = super::schema::Thread), (status = 400, body = super::schema::FieldErrors),
              (status = 403, body = super::schema::Detail)))]
pub async fn change(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    let (house, thread, account) = (&doors.house, thread_of(&request), caller.account.id);
    objects::seat_with(house, thread, account, Permissions::EDIT_THREAD).await?;
    let body = body::json(&mut payload, house.config.limits.body_bytes).await?;
    let form = ThreadForm::read(&body);
    actors::act(house, thread, account, Command::ChangeThread(Box::new(form))).await?;
    let state = objects::state(house, thread, account).await?;
    let object = objects::write_thread(&state, &house.look, true)?;
    Ok(selected(&request, StatusCode::OK, object))
}

/// Leaves the thread; the last member takes it along (contract, 5.5).
#[utoipa::path(delete, path = "/api/threads/{thread}", tag = "threads", params(("thread" = i64, Path)),
    responses((status = 204), (status = 403, body = super::schema::Detail)))]
pub async fn leave(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    actors::act(&doors.house, thread_of(&request), caller.account.id, Command::LeaveThread).await?;
    Ok(HttpResponse::NoContent().finish())
}
