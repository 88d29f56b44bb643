//! The groups of a draft, and the answers of its questions, one by one.

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use super::super::threads::selected;
use super::super::{Answer, body, number, schema as shown};
use super::editing::{self, Made};
use super::{desk, question_of, schema_of, superuser};
use crate::domain::script::parts::{self, Fresh};
use crate::domain::script::{Answer as Choice, Group, Question, Schema, rules, wire};
use crate::domain::{FieldErrors, Refusal};
use crate::store::schemas;
use crate::web::Doors;
use crate::web::entry::Caller;
use crate::web::error::ApiError;

/// The schema of the path, for those at the desk.
pub(super) async fn seen(request: &HttpRequest, doors: &Doors, caller: &Caller) -> Result<Schema, ApiError> {
    desk(caller)?;
    let id = schema_of(request);
    Ok(doors.house.store.read(move |connection| schemas::load(connection, id)).await?)
}

/// The number of a part that was made or changed, and where it is in the schema now.
pub(super) fn part(made: Option<i64>, path: i64) -> i64 {
    made.unwrap_or(path)
}

/// Whether the request leaves out what shall stay as it is.
pub(super) fn partial(request: &HttpRequest) -> bool {
    request.method() == Method::PATCH
}

fn group_object(schema: &Schema, id: i64) -> Result<Value, ApiError> {
    let group = schema.group(id).ok_or(Refusal::NotFound)?;
    Ok(wire::group(schema.id, group))
}

/// The groups of a schema, by position.
#[utoipa::path(get, path = "/api/schemas/{schema}/groups", tag = "schemas", params(("schema" = i64, Path)),
    responses((status = 200, body = Vec<super::shapes::Group>), (status = 403, body = shown::Detail)))]
pub async fn list_groups(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let schema = seen(&request, &doors, &caller).await?;
    let groups = schema.groups.iter().map(|group| wire::group(schema.id, group));
    Ok(selected(&request, StatusCode::OK, groups.collect()))
}

/// One group.
#[utoipa::path(get, path = "/api/schemas/{schema}/groups/{group}", tag = "schemas",
    params(("schema" = i64, Path), ("group" = i64, Path)),
    responses((status = 200, body = super::shapes::Group), (status = 404, body = shown::Detail)))]
pub async fn read_group(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let schema = seen(&request, &doors, &caller).await?;
    Ok(selected(&request, StatusCode::OK, group_object(&schema, number(&request, "group"))?))
}

fn checked_group(schema: &Schema, group: &Group, mut errors: FieldErrors) -> Result<(), ApiError> {
    errors.merge_weaker(rules::check_group(schema, group));
    editing::fine(errors)
}

/// Adds a group to a draft.
#[utoipa::path(post, path = "/api/schemas/{schema}/groups", tag = "schemas",
    params(("schema" = i64, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = super::shapes::NewGroup,
    responses((status = 201, body = super::shapes::Group), (status = 400, body = shown::FieldErrors),
              (status = 403, body = shown::Detail), (status = 409, body = shown::Detail)))]
pub async fn add_group(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    superuser(&caller)?;
    let body = body::json(&mut payload, doors.house.config.limits.body_bytes).await?;
    let name = editing::request_name(&request, caller.account.id);
    let edited = editing::edit(&doors, schema_of(&request), name, |schema| {
        let (group, errors) = parts::group(&body, None, false, &mut Fresh::default());
        checked_group(schema, &group, errors)?;
        let position = group.position;
        schema.groups.push(group);
        editing::fine(rules::check_schema(schema))?;
        let find = move |now: &Schema| now.groups.iter().find(|group| group.position == position).map(|it| it.id);
        Ok(Box::new(find) as Made)
    });
    let edited = edited.await?;
    Ok(selected(&request, StatusCode::CREATED, group_object(&edited.schema, part(edited.made, i64::MAX))?))
}

/// Changes a group of a draft (PATCH), or replaces it (PUT).
#[utoipa::path(patch, path = "/api/schemas/{schema}/groups/{group}", tag = "schemas",
    params(("schema" = i64, Path), ("group" = i64, Path)), request_body = super::shapes::NewGroup,
    responses((status = 200, body = super::shapes::Group), (status = 400, body = shown::FieldErrors),
              (status = 403, body = shown::Detail), (status = 404, body = shown::Detail)))]
pub async fn change_group(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    superuser(&caller)?;
    let (id, partial) = (number(&request, "group"), partial(&request));
    let body = body::json(&mut payload, doors.house.config.limits.body_bytes).await?;
    let edited = editing::edit(&doors, schema_of(&request), None, |schema| {
        let before = schema.group(id).ok_or(Refusal::NotFound)?;
        let (group, errors) = parts::group(&body, Some(before), partial, &mut Fresh::default());
        checked_group(schema, &group, errors)?;
        schema.groups.iter_mut().filter(|known| known.id == id).for_each(|known| *known = group.clone());
        Ok(editing::nothing_new())
    });
    Ok(selected(&request, StatusCode::OK, group_object(&edited.await?.schema, id)?))
}

/// Removes a group from a draft; its questions stay, without a group.
#[utoipa::path(delete, path = "/api/schemas/{schema}/groups/{group}", tag = "schemas",
    params(("schema" = i64, Path), ("group" = i64, Path)),
    responses((status = 204), (status = 403, body = shown::Detail), (status = 404, body = shown::Detail)))]
pub async fn delete_group(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    superuser(&caller)?;
    let id = number(&request, "group");
    let edited = editing::edit(&doors, schema_of(&request), None, |schema| {
        schema.group(id).ok_or(Refusal::NotFound)?;
        schema.groups.retain(|group| group.id != id);
        let members = schema.questions.iter_mut().filter(|question| question.group == Some(id));
        members.for_each(|question| question.group = None);
        Ok(editing::nothing_new())
    });
    edited.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The question of the path.
pub(super) fn asked<'a>(request: &HttpRequest, schema: &'a Schema) -> Result<&'a Question, ApiError> {
    schema.question(question_of(request)).ok_or_else(|| Refusal::NotFound.into())
}

fn answer_object(question: &Question, id: i64) -> Result<Value, ApiError> {
    let answer = question.answer(id).ok_or(Refusal::NotFound)?;
    Ok(wire::inside(question.id, answer))
}

/// The answers of a question, by position.
#[utoipa::path(get, path = "/api/schemas/{schema}/questions/{question}/answers", tag = "schemas",
    params(("schema" = i64, Path), ("question" = i64, Path)),
    responses((status = 200, body = Vec<super::shapes::Choice>), (status = 403, body = shown::Detail)))]
pub async fn list_answers(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let schema = seen(&request, &doors, &caller).await?;
    let question = asked(&request, &schema)?;
    let answers = question.answers.iter().map(|answer| wire::inside(question.id, answer));
    Ok(selected(&request, StatusCode::OK, answers.collect()))
}

/// One answer.
#[utoipa::path(get, path = "/api/schemas/{schema}/questions/{question}/answers/{answer}", tag = "schemas",
    params(("schema" = i64, Path), ("question" = i64, Path), ("answer" = i64, Path)),
    responses((status = 200, body = super::shapes::Choice), (status = 404, body = shown::Detail)))]
pub async fn read_answer(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let schema = seen(&request, &doors, &caller).await?;
    let object = answer_object(asked(&request, &schema)?, number(&request, "answer"))?;
    Ok(selected(&request, StatusCode::OK, object))
}

/// Puts an answer into its question after the rules were asked about it.
fn put_answer(schema: &mut Schema, question: i64, answer: Choice, mut errors: FieldErrors) -> Result<(), ApiError> {
    let known = schema.question(question).ok_or(Refusal::NotFound)?;
    errors.merge_weaker(rules::check_answer(schema, known, &answer));
    editing::fine(errors)?;
    let known = editing::question(schema, question)?;
    match known.answers.iter_mut().find(|known| known.id == answer.id) {
        Some(place) => *place = answer,
        None => known.answers.push(answer),
    }
    let known = schema.question(question).ok_or(Refusal::NotFound)?;
    // too many of them
    editing::fine(rules::check_question(schema, known).only("answers"))
}

/// Adds an answer to a question of a draft.
#[utoipa::path(post, path = "/api/schemas/{schema}/questions/{question}/answers", tag = "schemas",
    params(("schema" = i64, Path), ("question" = i64, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = super::shapes::NewChoice,
    responses((status = 201, body = super::shapes::Choice), (status = 400, body = shown::FieldErrors),
              (status = 403, body = shown::Detail), (status = 409, body = shown::Detail)))]
pub async fn add_answer(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    superuser(&caller)?;
    let id = question_of(&request);
    let body = body::json(&mut payload, doors.house.config.limits.body_bytes).await?;
    let name = editing::request_name(&request, caller.account.id);
    let edited = editing::edit(&doors, schema_of(&request), name, |schema| {
        let (answer, errors) = parts::answer(&body, None, false, &mut Fresh::default());
        let position = answer.position;
        put_answer(schema, id, answer, errors)?;
        let find = move |now: &Schema| {
            let mut answers = now.question(id)?.answers.iter();
            answers.find(|answer| answer.position == position).map(|answer| answer.id)
        };
        Ok(Box::new(find) as Made)
    });
    let edited = edited.await?;
    let object = answer_object(asked(&request, &edited.schema)?, part(edited.made, i64::MAX))?;
    Ok(selected(&request, StatusCode::CREATED, object))
}

/// Changes an answer of a draft (PATCH), or replaces it (PUT).
#[utoipa::path(patch, path = "/api/schemas/{schema}/questions/{question}/answers/{answer}", tag = "schemas",
    params(("schema" = i64, Path), ("question" = i64, Path), ("answer" = i64, Path)),
    request_body = super::shapes::NewChoice,
    responses((status = 200, body = super::shapes::Choice), (status = 400, body = shown::FieldErrors),
              (status = 403, body = shown::Detail), (status = 404, body = shown::Detail)))]
pub async fn change_answer(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    superuser(&caller)?;
    let (question, id, partial) = (question_of(&request), number(&request, "answer"), partial(&request));
    let body = body::json(&mut payload, doors.house.config.limits.body_bytes).await?;
    let edited = editing::edit(&doors, schema_of(&request), None, |schema| {
        let before = schema.question(question).and_then(|question| question.answer(id)).ok_or(Refusal::NotFound)?;
        let (answer, errors) = parts::answer(&body, Some(before), partial, &mut Fresh::default());
        put_answer(schema, question, answer, errors)?;
        Ok(editing::nothing_new())
    });
    let edited = edited.await?;
    Ok(selected(&request, StatusCode::OK, answer_object(asked(&request, &edited.schema)?, id)?))
}

/// Removes an answer from a question of a draft.
#[utoipa::path(delete, path = "/api/schemas/{schema}/questions/{question}/answers/{answer}", tag = "schemas",
    params(("schema" = i64, Path), ("question" = i64, Path), ("answer" = i64, Path)),
    responses((status = 204), (status = 403, body = shown::Detail), (status = 404, body = shown::Detail)))]
pub async fn delete_answer(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    superuser(&caller)?;
    let (question, id) = (question_of(&request), number(&request, "answer"));
    let edited = editing::edit(&doors, schema_of(&request), None, |schema| {
        let question = editing::question(schema, question)?;
        question.answer(id).ok_or(Refusal::NotFound)?;
        question.answers.retain(|answer| answer.id != id);
        Ok(editing::nothing_new())
    });
    edited.await?;
    Ok(HttpResponse::NoContent().finish())
}
