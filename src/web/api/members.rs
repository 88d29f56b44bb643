//! Members of a thread: list, add, read, change, remove (contract, 6).

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value};

use super::named::named;
use super::page::{listed, parameters};
use super::select::Select;
use super::threads::selected;
use super::{Answer, body, objects, thread_of, user_of};
use crate::actors;
use crate::domain::decide::Command;
use crate::domain::members::{MemberForm, member_object, read_user};
use crate::domain::{Account, AccountId, FieldErrors, Permissions, Refusal, Roster, Seat, ThreadId, form};
use crate::store::{StoreError, accounts, threads};
use crate::web::Doors;
use crate::web::entry::Caller;
use crate::web::error::ApiError;

async fn roster(doors: &Doors, thread: ThreadId) -> Result<Roster, ApiError> {
    Ok(doors.house.store.read(move |connection| threads::roster(connection, thread)).await?)
}

fn object(doors: &Doors, roster: &Roster, user: AccountId, seat: &Seat) -> Result<Value, ApiError> {
    let member = roster.get(user).ok_or(Refusal::NotFound)?;
    Ok(member_object(member, seat.may(Permissions::CONTROL_OTHERS), &doors.house.look))
}

/// Everybody in the thread; in pages when `limit` is given.
#[utoipa::path(get, path = "/api/threads/{thread}/users", tag = "members", params(("thread" = i64, Path)),
    responses((status = 200, body = Vec<super::schema::Member>), (status = 403, body = super::schema::Detail)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let thread = thread_of(&request);
    let seat = objects::seat_with(&doors.house, thread, caller.account.id, Permissions::READ_THREAD).await?;
    let controls = seat.may(Permissions::CONTROL_OTHERS);
    let roster = roster(&doors, thread).await?;
    let select = Select::parse(parameters(&request).get("fields").map(String::as_str));
    let members = roster.iter().map(|member| select.apply(member_object(member, controls, &doors.house.look)));
    Ok(HttpResponse::Ok().json(listed(&request, &doors.house.config.chat, members.collect())?))
}

async fn read_form(doors: &Doors, caller: &Caller, body: &Map<String, Value>) -> Result<MemberForm, ApiError> {
    let named = named(&doors.house, body).await?;
    Ok(MemberForm::read(body, caller.account.id, &named))
}

async fn account(doors: &Doors, id: AccountId) -> Result<Result<Arc<Account>, FieldErrors>, ApiError> {
    match doors.house.store.read(move |connection| accounts::get(connection, id)).await {
        Ok(account) => Ok(Ok(Arc::new(account))),
        Err(StoreError::Missing) => Ok(Err(FieldErrors::one("user", form::no_such(id)))),
        Err(error) => Err(error.into()),
    }
}

/// Adds a member.
#[utoipa::path(post, path = "/api/threads/{thread}/users", tag = "members", params(("thread" = i64, Path)),
    request_body = super::schema::NewMember,
    responses((status = 201, body = super::schema::Member), (status = 400, body = super::schema::FieldErrors),
              (status = 403, body = super::schema::Detail)))]
pub async fn add(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, mut payload: web::Payload) -> Answer {
    let thread = thread_of(&request);
    let seat = objects::seat_with(&doors.house, thread, caller.account.id, Permissions::ADD_USER).await?;
    let body = body::json(&mut payload, doors.house.config.limits.body_bytes).await?;
    let form = Box::new(read_form(&doors, &caller, &body).await?);
    let user = match read_user(&body) {
        Ok(id) => account(&doors, id).await?,
        Err(errors) => Err(errors),
    };
    let added = user.as_ref().map_or(0, |account| account.id);
    actors::act(&doors.house, thread, caller.account.id, Command::AddMember { user, form }).await?;
    let object = object(&doors, &roster(&doors, thread).await?, added, &seat)?;
    Ok(selected(&request, StatusCode::CREATED, object))
}

/// One member; one's own row needs no right.
#[utoipa::path(get, path = "/api/threads/{thread}/users/{user}", tag = "members",
    params(("thread" = i64, Path), ("user" = i64, Path)),
    responses((status = 200, body = super::schema::Member), (status = 403, body = super::schema::Detail),
              (status = 404, body = super::schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (thread, user) = (thread_of(&request), user_of(&request));
    let right = if user == caller.account.id { Permissions::empty() } else { Permissions::READ_THREAD };
    let seat = objects::seat_with(&doors.house, thread, caller.account.id, right).await?;
    let object = object(&doors, &roster(&doors, thread).await?, user, &seat)?;
    Ok(selected(&request, StatusCode::OK, object))
}

/// Changes a member: others with control over others, oneself downwards.
#[utoipa::path(patch, path = "/api/threads/{thread}/users/{user}", tag = "members",
    params(("thread" = i64, Path), ("user" = i64, Path)), request_body = super::schema::MemberChange,
    responses((status = 200, body = super::schema::Member), (status = 400, body = super::schema::FieldErrors),
              (status = 403, body = super::schema::Detail), (status = 404, body = super::schema::Detail)))]
pub async fn change(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    change_or_put(request, doors, caller, payload, false).await
}

/// Changes one's own row.
#[utoipa::path(put, path = "/api/threads/{thread}/users/{user}", tag = "members",
    params(("thread" = i64, Path), ("user" = i64, Path)), request_body = super::schema::MemberChange,
    responses((status = 200, body = super::schema::Member), (status = 403, body = super::schema::Detail)))]
pub async fn put(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    change_or_put(request, doors, caller, payload, true).await
}

async fn change_or_put(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
    put: bool,
) -> Answer {
    let (thread, target, account) = (thread_of(&request), user_of(&request), caller.account.id);
    let seat = objects::seat_with(&doors.house, thread, account, Permissions::empty()).await?;
    if target != account && (put || !seat.may(Permissions::CONTROL_OTHERS)) {
        return Err(Refusal::Forbidden.into());
    }
    let body = body::json(&mut payload, doors.house.config.limits.body_bytes).await?;
    let form = Box::new(read_form(&doors, &caller, &body).await?);
    actors::act(&doors.house, thread, account, Command::ChangeMember { target, form, put }).await?;
    // rights may just have changed
    let seat = objects::seat_with(&doors.house, thread, account, Permissions::empty()).await?;
    let object = object(&doors, &roster(&doors, thread).await?, target, &seat)?;
    Ok(selected(&request, StatusCode::OK, object))
}

/// Takes a member out, or leaves.
#[utoipa::path(delete, path = "/api/threads/{thread}/users/{user}", tag = "members",
    params(("thread" = i64, Path), ("user" = i64, Path)),
    responses((status = 204), (status = 403, body = super::schema::Detail), (status = 404, body = super::schema::Detail)))]
pub async fn remove(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let target = user_of(&request);
    actors::act(&doors.house, thread_of(&request), caller.account.id, Command::RemoveMember { target }).await?;
    Ok(HttpResponse::NoContent().finish())
}
