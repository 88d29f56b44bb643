//! Items of a survey: the answers to its questions (contract, 14.1). A survey that is not the caller's, or not there,
//! is forbidden.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::columns::{self, Column, instant, number};
use super::page::{Parameters, listed, parameters};
use super::select::Select;
use super::surveys::{owned, remove, schema_of, survey_of};
use super::threads::{idempotency_key, selected};
use super::{Answer, body};
use crate::actors::House;
use crate::domain::Refusal;
use crate::domain::account::AccountView;
use crate::domain::script::Schema;
use crate::domain::survey::{self, Item, ItemForm, ItemId, Survey};
use crate::store::columns::sift;
use crate::store::survey_items::NewItem;
use crate::store::{Connection, StoreError, accounts, survey_items};
use crate::web::Doors;
use crate::web::entry::Caller;
use crate::web::error::ApiError;

#[derive(Clone, Copy)]
enum Field {
    Id,
    Survey,
    Question,
    Position,
    Updated,
}

const COLUMNS: [Column<Field>; 5] = [
    number("id", Field::Id),
    number("survey", Field::Survey),
    number("related_question", Field::Question),
    number("position", Field::Position),
    instant("updated", Field::Updated),
];

fn field(item: &Item, field: Field) -> i64 {
    match field {
        Field::Id => item.id,
        Field::Survey => item.survey,
        Field::Question => item.question,
        Field::Position => item.position,
        Field::Updated => item.updated,
    }
}

pub(super) fn item_of(request: &HttpRequest) -> ItemId {
    super::number(request, "item")
}

/// The object of lists and of what was just made: with the survey in it.
fn in_list(item: &Item, survey: &Value, schema: &Schema, house: &House, select: &Select) -> Value {
    let mut object = survey::item_object(item, schema, &house.look, &|field| select.wants(field));
    if let (Value::Object(fields), true) = (&mut object, select.wants("survey_data")) {
        fields.insert("survey_data".into(), survey.clone());
    }
    select.apply(object)
}

fn fields_of(parameters: &Parameters) -> Select {
    Select::parse(parameters.get("fields").map(String::as_str))
}

/// The object of one item: with its sender (B-ITEM-SENDER).
async fn one(request: &HttpRequest, house: &House, item: &Item, schema: &Schema) -> Answer {
    let sender = match item.sender {
        None => None,
        Some(id) => house.store.read(move |connection| accounts::many(connection, &[id])).await?.pop(),
    };
    let select = fields_of(&parameters(request));
    let mut object = survey::item_object(item, schema, &house.look, &|field| select.wants(field));
    if let Value::Object(fields) = &mut object {
        let view = sender.map(|account| AccountView::of(&account, &house.look.placeholder));
        fields.insert("sender_data".into(), json!(view));
    }
    Ok(selected(request, StatusCode::OK, object))
}

/// The survey of an items path, if it is the caller's.
pub(super) async fn of_caller(request: &HttpRequest, house: &House, caller: &Caller) -> Result<Survey, ApiError> {
    owned(house, survey_of(request), caller, Refusal::Forbidden).await
}

/// What a survey that went while it was asked for is: forbidden, as if it had never been there.
fn gone(error: StoreError) -> ApiError {
    match error {
        StoreError::Missing => Refusal::Forbidden.into(),
        other => other.into(),
    }
}

/// The items of a survey of one's own; pages when `limit` is given.
#[utoipa::path(get, path = "/api/surveys/{survey}/items", tag = "surveys",
    params(("survey" = i64, Path), ("ordering" = Option<String>, Query), ("limit" = Option<i64>, Query),
           ("offset" = Option<i64>, Query), ("fields" = Option<String>, Query)),
    responses((status = 200, body = Vec<super::survey_shapes::SurveyItem>), (status = 403, body = super::schema::Detail)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let house = &doors.house;
    let survey = of_caller(&request, house, &caller).await?;
    let (schema, id) = (schema_of(house, &survey).await?, survey.id);
    let parameters = parameters(&request);
    let found = match columns::conditions(&parameters, &COLUMNS) {
        None => Vec::new(),
        Some(on) => {
            let items = house.store.read(move |connection| survey_items::list(connection, id)).await?;
            sift(items, &on, &columns::ordering(&parameters, &COLUMNS), field)
        }
    };
    let (select, data) = (fields_of(&parameters), survey::survey_data(&survey));
    let objects = found.iter().map(|item| in_list(item, &data, &schema, house, &select)).collect();
    Ok(HttpResponse::Ok().json(listed(&request, &house.config.chat, objects)?))
}

/// Answers a question; it need not be visible (contract, 14.1).
#[utoipa::path(post, path = "/api/surveys/{survey}/items", tag = "surveys",
    params(("survey" = i64, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = super::survey_shapes::NewSurveyItem,
    responses((status = 201, body = super::survey_shapes::SurveyItem), (status = 400, body = super::schema::FieldErrors),
              (status = 403, body = super::schema::Detail)))]
pub async fn create(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    let house = &doors.house;
    let survey = of_caller(&request, house, &caller).await?;
    let schema = schema_of(house, &survey).await?;
    let body = body::json(&mut payload, house.config.limits.body_bytes).await?;
    let new = NewItem {
        survey: survey.id,
        sender: caller.account.id,
        form: ItemForm::read_new(&body, house.config.chat.posts.max_text),
        idempotency_key: idempotency_key(&request),
    };
    let (asked, now) = (schema.clone(), house.clock.now());
    let make = move |connection: &mut Connection| survey_items::create(connection, &asked, new, now);
    let (item, survey) = house.store.write(make).await.map_err(gone)??;
    let select = fields_of(&parameters(&request));
    let object = in_list(&item, &survey::survey_data(&survey), &schema, house, &select);
    Ok(HttpResponse::Created().json(object))
}

/// One item.
#[utoipa::path(get, path = "/api/surveys/{survey}/items/{item}", tag = "surveys",
    params(("survey" = i64, Path), ("item" = i64, Path)),
    responses((status = 200, body = super::survey_shapes::SurveyItem), (status = 403, body = super::schema::Detail),
              (status = 404, body = super::schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let house = &doors.house;
    let survey = of_caller(&request, house, &caller).await?;
    let item = find(&request, house, &survey).await?;
    one(&request, house, &item, &*schema_of(house, &survey).await?).await
}

/// The item of the path.
pub(super) async fn find(request: &HttpRequest, house: &House, survey: &Survey) -> Result<Item, ApiError> {
    let (survey, id) = (survey.id, item_of(request));
    Ok(house.store.read(move |connection| survey_items::get(connection, survey, id)).await?)
}

/// Changes text or answers, checked like a new item (B-ITEM-PATCH).
#[utoipa::path(patch, path = "/api/surveys/{survey}/items/{item}", tag = "surveys",
    params(("survey" = i64, Path), ("item" = i64, Path)), request_body = super::survey_shapes::SurveyItemChange,
    responses((status = 200, body = super::survey_shapes::SurveyItem), (status = 400, body = super::schema::FieldErrors),
              (status = 403, body = super::schema::Detail), (status = 404, body = super::schema::Detail)))]
pub async fn change(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    let house = &doors.house;
    let survey = of_caller(&request, house, &caller).await?;
    let schema = schema_of(house, &survey).await?;
    let place = (survey.id, find(&request, house, &survey).await?.id);
    let body = body::json(&mut payload, house.config.limits.body_bytes).await?;
    let form = ItemForm::read_change(&body, house.config.chat.posts.max_text);
    let (asked, now) = (schema.clone(), house.clock.now());
    let save = move |connection: &mut Connection| survey_items::change(connection, &asked, place, form, now);
    let (item, _) = house.store.write(save).await??;
    one(&request, house, &item, &schema).await
}

/// Takes an answer back; the question may be answered again.
#[utoipa::path(delete, path = "/api/surveys/{survey}/items/{item}", tag = "surveys",
    params(("survey" = i64, Path), ("item" = i64, Path)),
    responses((status = 204), (status = 403, body = super::schema::Detail), (status = 404, body = super::schema::Detail)))]
pub async fn delete(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let house = &doors.house;
    let survey = of_caller(&request, house, &caller).await?;
    let (schema, place) = (schema_of(house, &survey).await?, (survey.id, item_of(&request)));
    let now = house.clock.now();
    let take = move |connection: &mut Connection| survey_items::delete(connection, &schema, place, now);
    remove(house, house.store.write(take).await?).await;
    Ok(HttpResponse::NoContent().finish())
}
