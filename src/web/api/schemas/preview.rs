//! A look at a schema as its users will see it, and at where they are in it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use serde_json::{Value, json};

use super::super::threads::selected;
use super::super::{Answer, body, schema as shown};
use super::{desk, doors, schema_of};
use crate::domain::Refusal;
use crate::domain::script::preview::{self as walk, Wish};
use crate::store::schema_list;
use crate::web::Doors;
use crate::web::entry::Caller;

/// Walks through a schema with the answers that are sent and says what would have been said. Nothing is stored.
#[utoipa::path(post, path = "/api/schemas/{schema}/preview", tag = "schemas", params(("schema" = i64, Path)),
    request_body = super::shapes::Wish,
    responses((status = 200, body = super::shapes::Preview), (status = 400, body = shown::FieldErrors),
              (status = 403, body = shown::Detail), (status = 404, body = shown::Detail)))]
pub async fn preview(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    desk(&caller)?;
    let body = body::json(&mut payload, doors.house.config.limits.body_bytes).await?;
    let schema = doors::readable(&doors, &caller, schema_of(&request)).await?;
    let wish = Wish::read(&body).map_err(Refusal::Invalid)?;
    let (look, user) = (doors.house.look.clone(), caller.account.clone());
    let told =
        web::block(move || walk::preview(&schema, &wish, &user, &look)).await.map_err(|_| Refusal::Unavailable)?;
    Ok(selected(&request, StatusCode::OK, told))
}

/// Where live conversations stand in a schema.
#[utoipa::path(get, path = "/api/schemas/{schema}/positions", tag = "schemas", params(("schema" = i64, Path)),
    responses((status = 200, body = super::shapes::Positions), (status = 403, body = shown::Detail),
              (status = 404, body = shown::Detail)))]
pub async fn positions(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    desk(&caller)?;
    let id = schema_of(&request);
    let schema = doors::readable(&doors, &caller, id).await?;
    let standing = doors.house.store.read(move |connection| schema_list::positions(connection, id)).await?;
    let total: i64 = standing.iter().map(|one| one.members).sum();
    let questions = standing.iter().map(|one| {
        let question = one.question_id.and_then(|id| schema.question(id));
        json!({"question": one.question_id, "qid": question.map(|question| question.qid), "count": one.members})
    });
    let told = json!({"total": total, "questions": questions.collect::<Value>()});
    Ok(selected(&request, StatusCode::OK, told))
}
