//! The host behind the API: what an embedding system may set whatever the rights inside a thread.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};

use super::named::named;
use super::threads::selected;
use super::{Answer, body, thread_of, user_of};
use crate::actors;
use crate::domain::members::{MemberForm, member_object};
use crate::domain::{Refusal, Role};
use crate::store::{Connection, accounts, threads};
use crate::web::Doors;
use crate::web::entry::Caller;

/// Makes a membership, or changes one.
#[utoipa::path(put, path = "/api/admin/threads/{thread}/members/{user}", tag = "administration",
    params(("thread" = i64, Path), ("user" = i64, Path)), request_body = super::schema::MemberChange,
    responses((status = 200, body = super::schema::Member), (status = 201, body = super::schema::Member),
              (status = 400, body = super::schema::FieldErrors), (status = 403, body = super::schema::Detail),
              (status = 404, body = super::schema::Detail)))]
pub async fn put_member(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    if caller.account.role != Role::Superuser {
        return Err(Refusal::Forbidden.into());
    }
    let (house, thread, user) = (&doors.house, thread_of(&request), user_of(&request));
    let body = body::json(&mut payload, house.config.limits.body_bytes).await?;
    let named = named(house, &body).await?;
    let form = MemberForm::read(&body, user, &named);
    let before = move |connection: &mut Connection| {
        let account = accounts::get(connection, user)?;
        threads::head(connection, thread)?;
        Ok((account, threads::seat(connection, thread, user).is_ok()))
    };
    let (account, existed) = house.store.read(before).await?;
    actors::put_member(house, thread, Arc::new(account), form).await?;
    let roster = house.store.read(move |connection| threads::roster(connection, thread)).await?;
    let member = roster.get(user).ok_or(Refusal::NotFound)?;
    let status = if existed { StatusCode::OK } else { StatusCode::CREATED };
    Ok(selected(&request, status, member_object(member, true, &house.look)))
}
