//! Watching a thread without being a member (contract, 15.4): superusers, one thread at a time, live frames only.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{Answer, thread_of};
use crate::actors;
use crate::domain::{Refusal, Role};
use crate::web::Doors;
use crate::web::entry::Caller;

/// Watches the thread instead of the one watched before.
#[utoipa::path(post, path = "/api/threads/{thread}/ws-subscribe", tag = "subscriptions", params(("thread" = i64, Path)),
    responses((status = 204), (status = 403, body = super::schema::Detail), (status = 404, body = super::schema::Detail)))]
pub async fn subscribe(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    if caller.account.role != Role::Superuser {
        return Err(Refusal::Forbidden.into());
    }
    actors::watch(&doors.house, &caller.account, thread_of(&request)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Does not watch this thread any more.
#[utoipa::path(delete, path = "/api/threads/{thread}/ws-subscribe", tag = "subscriptions", params(("thread" = i64, Path)),
    responses((status = 204), (status = 403, body = super::schema::Detail)))]
pub async fn unsubscribe(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    if caller.account.role != Role::Superuser {
        return Err(Refusal::Forbidden.into());
    }
    actors::unwatch(&doors.house, &caller.account, Some(thread_of(&request))).await?;
    Ok(HttpResponse::NoContent().finish())
}
