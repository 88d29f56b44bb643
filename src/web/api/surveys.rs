//! Surveys: list, make, read, touch, take away (contract, 14). Only the owner opens one; superusers see all in the list.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use super::columns::{self, Column, instant, number};
use super::named::named;
use super::page::{Page, Parameters, parameters};
use super::select::Select;
use super::threads::{idempotency_key, selected};
use super::{Answer, body};
use crate::actors::House;
use crate::domain::account::AccountView;
use crate::domain::script::{Schema, SchemaId};
use crate::domain::survey::{self, Survey, SurveyForm, SurveyId};
use crate::domain::{AccountId, Refusal, Role};
use crate::store::surveys::{Column as Field, NewSurvey, SurveyQuery};
use crate::store::{Connection, StoreError, accounts, if_there, surveys};
use crate::web::Doors;
use crate::web::entry::Caller;
use crate::web::error::ApiError;

const COLUMNS: [Column<Field>; 4] = [
    number("id", Field::Id),
    number("user", Field::User),
    instant("created", Field::Created),
    instant("updated", Field::Updated),
];

/// How the accounts that surveys name are shown.
type Names = HashMap<AccountId, AccountView>;

pub(super) fn survey_of(request: &HttpRequest) -> SurveyId {
    super::number(request, "survey")
}

/// The survey of the path, if it is the caller's. Whose items are asked for hears `Forbidden` of one that is not there.
pub(super) async fn owned(house: &House, id: SurveyId, caller: &Caller, missing: Refusal) -> Result<Survey, ApiError> {
    match house.store.read(move |connection| surveys::get(connection, id)).await {
        Ok(survey) if survey.account == caller.account.id => Ok(survey),
        Ok(_) => Err(Refusal::Forbidden.into()),
        Err(StoreError::Missing) => Err(missing.into()),
        Err(error) => Err(error.into()),
    }
}

/// A schema, if there is one of that number.
pub(super) async fn schema(house: &House, id: Option<SchemaId>) -> Result<Option<Arc<Schema>>, ApiError> {
    let Some(id) = id else { return Ok(None) };
    Ok(if_there(house.store.schema(id).await)?)
}

/// The schema of a survey, which is there as long as the survey is.
pub(super) async fn schema_of(house: &House, survey: &Survey) -> Result<Arc<Schema>, ApiError> {
    Ok(house.store.schema(survey.schema).await?)
}

async fn names(house: &House, surveys: &[Survey]) -> Result<Names, ApiError> {
    let mut ids: Vec<AccountId> =
        surveys.iter().flat_map(|survey| survey.automated_sender.into_iter().chain([survey.account])).collect();
    ids.sort_unstable();
    ids.dedup();
    let known = house.store.read(move |connection| accounts::many(connection, &ids)).await?;
    Ok(known.into_iter().map(|account| (account.id, AccountView::of(&account, &house.look.placeholder))).collect())
}

fn object(survey: &Survey, names: &Names) -> Value {
    let sender = survey.automated_sender.and_then(|sender| names.get(&sender));
    survey::survey_object(survey, names.get(&survey.account), sender)
}

async fn one(request: &HttpRequest, house: &House, status: StatusCode, survey: Survey) -> Answer {
    let names = names(house, std::slice::from_ref(&survey)).await?;
    Ok(selected(request, status, object(&survey, &names)))
}

async fn page(request: &HttpRequest, house: &House, account: Option<AccountId>) -> Answer {
    let parameters: Parameters = parameters(request);
    let page = Page::read(&parameters, &house.config.chat)?;
    let (offset, limit) = (page.offset, page.count);
    let found = match columns::conditions(&parameters, &COLUMNS) {
        None => Vec::new(),
        Some(on) => {
            let by = columns::ordering(&parameters, &COLUMNS);
            let query = SurveyQuery { account, on, by, offset, limit };
            house.store.read(move |connection| surveys::find(connection, query)).await?
        }
    };
    let names = names(house, &found).await?;
    let select = Select::parse(parameters.get("fields").map(String::as_str));
    let results = found.iter().map(|survey| select.apply(object(survey, &names))).collect();
    Ok(HttpResponse::Ok().json(page.body(request, results)))
}

fn own_list(request: &HttpRequest, caller: &Caller) -> Result<AccountId, ApiError> {
    let own = super::number(request, "account") == caller.account.id;
    if own { Ok(caller.account.id) } else { Err(Refusal::Forbidden.into()) }
}

/// The caller's surveys.
#[utoipa::path(get, path = "/api/accounts/{account}/surveys", tag = "surveys",
    params(("account" = i64, Path), ("limit" = Option<i64>, Query), ("offset" = Option<i64>, Query),
           ("ordering" = Option<String>, Query), ("fields" = Option<String>, Query)),
    responses((status = 200, body = super::survey_shapes::SurveyPage), (status = 403, body = super::schema::Detail)))]
pub async fn list_own(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let account = own_list(&request, &caller)?;
    page(&request, &doors.house, Some(account)).await
}

/// The caller's surveys; for superusers everybody's (B-SURVEY-GLOBAL).
#[utoipa::path(get, path = "/api/surveys", tag = "surveys",
    params(("limit" = Option<i64>, Query), ("offset" = Option<i64>, Query), ("ordering" = Option<String>, Query),
           ("fields" = Option<String>, Query)),
    responses((status = 200, body = super::survey_shapes::SurveyPage), (status = 401, body = super::schema::Detail)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let sees_all = caller.account.role == Role::Superuser;
    page(&request, &doors.house, (!sees_all).then_some(caller.account.id)).await
}

/// Begins a survey of a schema that is out (contract, 14).
#[utoipa::path(post, path = "/api/accounts/{account}/surveys", tag = "surveys",
    params(("account" = i64, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = super::survey_shapes::NewSurvey,
    responses((status = 201, body = super::survey_shapes::Survey), (status = 400, body = super::schema::FieldErrors),
              (status = 403, body = super::schema::Detail)))]
pub async fn create(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    let account = own_list(&request, &caller)?;
    let house = &doors.house;
    let body = body::json(&mut payload, house.config.limits.body_bytes).await?;
    let known = named(house, &body).await?;
    let form = SurveyForm::read(&body, account, &|id| known.bots.get(&id).copied());
    let schema = schema(house, form.schema).await?;
    let new = NewSurvey { form, account, idempotency_key: idempotency_key(&request) };
    let (config, now) = (house.config.clone(), house.clock.now());
    let make = move |connection: &mut Connection| {
        surveys::create(connection, new, schema.as_deref(), &config.surveys.types, now)
    };
    let made = house.store.write(make).await??;
    one(&request, house, StatusCode::CREATED, made).await
}

/// A survey of one's own.
#[utoipa::path(get, path = "/api/surveys/{survey}", tag = "surveys", params(("survey" = i64, Path)),
    responses((status = 200, body = super::survey_shapes::Survey), (status = 403, body = super::schema::Detail),
              (status = 404, body = super::schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let survey = owned(&doors.house, survey_of(&request), &caller, Refusal::NotFound).await?;
    one(&request, &doors.house, StatusCode::OK, survey).await
}

/// Nothing of a survey is writable; `updated` moves.
#[utoipa::path(patch, path = "/api/surveys/{survey}", tag = "surveys", params(("survey" = i64, Path)),
    responses((status = 200, body = super::survey_shapes::Survey), (status = 403, body = super::schema::Detail),
              (status = 404, body = super::schema::Detail)))]
pub async fn change(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    let (house, id) = (&doors.house, survey_of(&request));
    owned(house, id, &caller, Refusal::NotFound).await?;
    body::json(&mut payload, house.config.limits.body_bytes).await?;
    let now = house.clock.now();
    let touch = move |connection: &mut Connection| {
        let mut survey = surveys::get(connection, id)?;
        let shown = survey.state.clone();
        surveys::save(connection, &mut survey, shown, now)?;
        Ok(survey)
    };
    let survey = house.store.write(touch).await?;
    one(&request, house, StatusCode::OK, survey).await
}

/// Takes a survey of one's own away, with its items and their files.
#[utoipa::path(delete, path = "/api/surveys/{survey}", tag = "surveys", params(("survey" = i64, Path)),
    responses((status = 204), (status = 403, body = super::schema::Detail), (status = 404, body = super::schema::Detail)))]
pub async fn delete(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (house, id) = (&doors.house, survey_of(&request));
    owned(house, id, &caller, Refusal::NotFound).await?;
    let unused = house.store.write(move |connection| surveys::delete(connection, id)).await?;
    remove(house, unused).await;
    Ok(HttpResponse::NoContent().finish())
}

/// Removes files that nothing refers to any more, after the commit that let them go.
pub(super) async fn remove(house: &House, unused: Vec<String>) {
    if unused.is_empty() {
        return;
    }
    let files = house.store.files().clone();
    if let Err(error) = web::block(move || files.remove(&unused)).await {
        tracing::warn!(%error, "unused files could not be removed");
    }
}
