//! Members in their scripts: going back (contract, 11), and where another member stands.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value};

use super::threads::selected;
use super::{Answer, body, objects, thread_of, user_of};
use crate::actors::{self, House};
use crate::domain::decide::Command;
use crate::domain::form::Form;
use crate::domain::running::language;
use crate::domain::script::rollback::Wish;
use crate::domain::view::{self, Shown};
use crate::domain::{FieldErrors, Permissions, Refusal};
use crate::store::{Connection, messages, script_log, threads};
use crate::web::Doors;
use crate::web::entry::Caller;
use crate::web::error::ApiError;

/// Goes back in one's script: one step, to a message, or to a question.
#[utoipa::path(post, path = "/api/threads/{thread}/rollback", tag = "scripts", params(("thread" = i64, Path)),
    request_body = super::schema::Rollback,
    responses((status = 200, body = super::schema::Thread), (status = 204), (status = 400, body = super::schema::FieldErrors),
              (status = 403, body = super::schema::Detail)))]
pub async fn roll_back(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    let (house, thread, account) = (&doors.house, thread_of(&request), caller.account.id);
    objects::seat_with(house, thread, account, Permissions::ROLLBACK).await?;
    let body = body::json(&mut payload, house.config.limits.body_bytes).await?;
    let (wish, errors) = read_wish(house, &body).await?;
    let done = actors::act(house, thread, account, Command::RollBack { wish, errors }).await?;
    if done.idle {
        return Ok(HttpResponse::NoContent().finish());
    }
    let state = objects::state(house, thread, account).await?;
    Ok(selected(&request, StatusCode::OK, objects::write_thread(&state, &house.look, true)?))
}

/// What the body asks for; what exists nowhere is complained of.
async fn read_wish(house: &House, body: &Map<String, Value>) -> Result<(Wish, FieldErrors), ApiError> {
    let mut form = Form::new(body);
    let wish = Wish { message: form.id("message"), question: form.id("question") };
    let read = move |connection: &mut Connection| {
        let has_message = match wish.message {
            Some(id) => messages::place(connection, id)?.is_some(),
            None => true,
        };
        let has_question = match wish.question {
            Some(id) => script_log::question_exists(connection, id)?,
            None => true,
        };
        Ok((has_message, has_question))
    };
    let (has_message, has_question) = house.store.read(read).await?;
    for (field, id, is_there) in [("message", wish.message, has_message), ("question", wish.question, has_question)] {
        if let Some(id) = id.filter(|_| !is_there) {
            form.no_such(field, id);
        }
    }
    Ok((wish, form.errors))
}

/// Where a member stands in their script; others' only with control over others.
#[utoipa::path(get, path = "/api/threads/{thread}/users/{user}/script", tag = "scripts",
    params(("thread" = i64, Path), ("user" = i64, Path)),
    responses((status = 200, body = super::schema::MemberScript), (status = 403, body = super::schema::Detail),
              (status = 404, body = super::schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (house, thread, user) = (&doors.house, thread_of(&request), user_of(&request));
    let right = if user == caller.account.id { Permissions::empty() } else { Permissions::CONTROL_OTHERS };
    objects::seat_with(house, thread, caller.account.id, right).await?;
    let roster = house.store.read(move |connection| threads::roster(connection, thread)).await?;
    let member = roster.get(user).ok_or(Refusal::NotFound)?;
    let schema = match member.seat.script.schema {
        Some(id) => house.store.schemas(vec![id]).await?.pop(),
        None => None,
    };
    let mut object = view::script_of_member(&member.seat, schema.as_deref());
    let account = Some(&*member.account);
    let shown = Shown { schema: schema.as_deref(), language: language(&member.seat, account), account };
    if let Some(fields) = object.as_object_mut() {
        let question = view::question_data(&member.seat, shown, &house.look);
        fields.insert("question_data".into(), question.unwrap_or_default());
    }
    Ok(selected(&request, StatusCode::OK, object))
}
