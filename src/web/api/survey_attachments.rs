//! What hangs on an item of a survey (contract, 12): the same kinds and checks as on a message.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use super::attachments::{attachment_of, edit, not_taken};
use super::columns::{self, Column, number};
use super::page::{listed, parameters};
use super::survey_items::{find, of_caller};
use super::surveys::remove;
use super::threads::{idempotency_key, selected};
use super::{Answer, body};
use crate::actors;
use crate::actors::House;
use crate::domain::attachment::{Attachment, AttachmentForm};
use crate::domain::survey::{Item, ItemId, SurveyId};
use crate::domain::{AttachmentId, Refusal};
use crate::store::columns::sift;
use crate::store::{Connection, StoreError, survey_items};
use crate::web::Doors;
use crate::web::entry::Caller;
use crate::web::error::ApiError;

#[derive(Clone, Copy)]
enum Field {
    Id,
    Item,
}

const COLUMNS: [Column<Field>; 2] = [number("id", Field::Id), number("item", Field::Item)];

fn field(hung: &Attachment, field: Field) -> i64 {
    match field {
        Field::Id => hung.id,
        Field::Item => hung.message,
    }
}

/// The item of the path, in a survey of the caller's own.
async fn item(request: &HttpRequest, house: &House, caller: &Caller) -> Result<Item, ApiError> {
    let survey = of_caller(request, house, caller).await?;
    find(request, house, &survey).await
}

fn place(item: &Item) -> (SurveyId, ItemId) {
    (item.survey, item.id)
}

fn one(request: &HttpRequest, house: &House, status: StatusCode, item: &Item, id: AttachmentId) -> Answer {
    let hung = item.attachments.iter().find(|hung| hung.id == id).ok_or(Refusal::NotFound)?;
    Ok(selected(request, status, hung.to_json_of_item(&house.look)))
}

/// Everything that hangs on an item; pages when `limit` is given.
#[utoipa::path(get, path = "/api/surveys/{survey}/items/{item}/attachments", tag = "surveys",
    params(("survey" = i64, Path), ("item" = i64, Path), ("fields" = Option<String>, Query)),
    responses((status = 200, body = Vec<super::survey_shapes::SurveyAttachment>), (status = 403, body = super::schema::Detail),
              (status = 404, body = super::schema::Detail)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let house = &doors.house;
    let item = item(&request, house, &caller).await?;
    let parameters = parameters(&request);
    let found = match columns::conditions(&parameters, &COLUMNS) {
        None => Vec::new(),
        Some(on) => sift(item.attachments, &on, &columns::ordering(&parameters, &COLUMNS), field),
    };
    let select = super::select::Select::parse(parameters.get("fields").map(String::as_str));
    let objects = found.iter().map(|hung| select.apply(hung.to_json_of_item(&house.look))).collect();
    Ok(HttpResponse::Ok().json(listed(&request, &house.config.chat, objects)?))
}

/// One of what hangs on an item.
#[utoipa::path(get, path = "/api/surveys/{survey}/items/{item}/attachments/{attachment}", tag = "surveys",
    params(("survey" = i64, Path), ("item" = i64, Path), ("attachment" = i64, Path)),
    responses((status = 200, body = super::survey_shapes::SurveyAttachment), (status = 403, body = super::schema::Detail),
              (status = 404, body = super::schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let item = item(&request, &doors.house, &caller).await?;
    one(&request, &doors.house, StatusCode::OK, &item, attachment_of(&request))
}

/// Hangs something on an item. JSON, or multipart with one part `file`.
#[utoipa::path(post, path = "/api/surveys/{survey}/items/{item}/attachments", tag = "surveys",
    params(("survey" = i64, Path), ("item" = i64, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = super::schema::NewAttachment,
    responses((status = 201, body = super::survey_shapes::SurveyAttachment), (status = 400, body = super::schema::FieldErrors),
              (status = 403, body = super::schema::Detail), (status = 404, body = super::schema::Detail)))]
pub async fn create(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let house = &doors.house;
    let place = place(&item(&request, house, &caller).await?);
    let mut body = body::with_files(&request, payload, house).await?;
    let form = body.files.pop().unwrap_or_else(|| AttachmentForm::read(&Value::Object(body.object), true));
    let mut prepared = actors::prepare(house, vec![form]).await.map_err(not_taken)?;
    let Some(mut attachment) = prepared.pop() else { return Err(Refusal::NotFound.into()) };
    attachment.idempotency_key = idempotency_key(&request);
    let written: Vec<String> = attachment.files().collect();
    let most = house.config.chat.posts.max_attachments;
    let hang = move |connection: &mut Connection| survey_items::attach(connection, place, &attachment, most);
    let (id, unused) = match kept(house, house.store.write(hang).await, written.clone()).await? {
        Ok(made) => made,
        Err(refusal) => {
            remove(house, written).await;
            return Err(refusal.into());
        }
    };
    remove(house, unused).await;
    let item = item(&request, house, &caller).await?;
    one(&request, house, StatusCode::CREATED, &item, id)
}

/// What the store answered; when it is sure that nothing refers to the files just written, they go again.
async fn kept<T>(house: &House, result: Result<T, StoreError>, written: Vec<String>) -> Result<T, ApiError> {
    if matches!(result, Err(StoreError::Missing | StoreError::Full)) {
        remove(house, written).await;
    }
    Ok(result?)
}

/// Changes what hangs on an item. What the kind needs is asked for only when the type changes.
#[utoipa::path(patch, path = "/api/surveys/{survey}/items/{item}/attachments/{attachment}", tag = "surveys",
    params(("survey" = i64, Path), ("item" = i64, Path), ("attachment" = i64, Path)),
    request_body = super::schema::NewAttachment,
    responses((status = 200, body = super::survey_shapes::SurveyAttachment), (status = 400, body = super::schema::FieldErrors),
              (status = 403, body = super::schema::Detail), (status = 404, body = super::schema::Detail)))]
pub async fn change(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let (house, id) = (&doors.house, attachment_of(&request));
    let before = item(&request, house, &caller).await?;
    let hung = before.attachments.iter().find(|hung| hung.id == id).ok_or(Refusal::NotFound)?;
    let body = body::with_files(&request, payload, house).await?;
    let edit = edit(&doors, hung, AttachmentForm::read(&Value::Object(body.object), false)).await?;
    let written: Vec<String> =
        edit.file.iter().flat_map(|(file, small)| [file].into_iter().chain(small)).cloned().collect();
    let place = place(&before);
    let save = move |connection: &mut Connection| survey_items::change_attachment(connection, place, id, edit);
    let unused = kept(house, house.store.write(save).await, written).await?;
    remove(house, unused).await;
    let item = item(&request, house, &caller).await?;
    one(&request, house, StatusCode::OK, &item, id)
}

/// Takes something off an item.
#[utoipa::path(delete, path = "/api/surveys/{survey}/items/{item}/attachments/{attachment}", tag = "surveys",
    params(("survey" = i64, Path), ("item" = i64, Path), ("attachment" = i64, Path)),
    responses((status = 204), (status = 403, body = super::schema::Detail), (status = 404, body = super::schema::Detail)))]
pub async fn delete(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (house, id) = (&doors.house, attachment_of(&request));
    let place = place(&item(&request, house, &caller).await?);
    let take = move |connection: &mut Connection| survey_items::detach(connection, place, id);
    remove(house, house.store.write(take).await?).await;
    Ok(HttpResponse::NoContent().finish())
}
