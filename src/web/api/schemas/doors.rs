//! Lists of schemas, and single ones (contract, 13.1, 13.2). What is not published is there for the desk only
//! (B-SCHEMA-UNPUB); what is deprecated stays readable, because runs and surveys under way need it.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use super::super::page::{Page, Parameters, parameters};
use super::super::select::Select;
use super::super::threads::selected;
use super::super::{Answer, schema as shown};
use super::{desk, filter, schema_of};
use crate::domain::Refusal;
use crate::domain::script::wire::{self, Reading};
use crate::domain::script::{Schema, SchemaId, language};
use crate::store::messages::Comparison;
use crate::store::schema_list::{Condition, Flag, SchemaQuery, Text, find};
use crate::store::schemas;
use crate::web::Doors;
use crate::web::entry::Caller;
use crate::web::error::ApiError;

/// The most schemas of a list that is not a page.
const MAX_LIST: i64 = 10_000;

/// All schemas, a page of them: for those at the desk. `newest=true` begins with the last one that was made.
#[utoipa::path(get, path = "/api/schemas", tag = "schemas",
    params(("limit" = Option<i64>, Query), ("offset" = Option<i64>, Query), ("name" = Option<String>, Query),
           ("type" = Option<String>, Query), ("published" = Option<bool>, Query), ("deprecated" = Option<bool>, Query),
           ("newest" = Option<bool>, Query)),
    responses((status = 200, body = super::shapes::SchemaPage), (status = 403, body = shown::Detail)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    desk(&caller)?;
    let parameters = parameters(&request);
    let page = Page::read(&parameters, &doors.house.config.chat)?;
    let found = search(&doors, &parameters, Vec::new(), true, (page.offset, page.count)).await?;
    Ok(HttpResponse::Ok().json(page.body(&request, found)))
}

/// The schemas of a type: an array, or a page if `limit` is sent (B-SCHEMA-PAGES).
#[utoipa::path(get, path = "/api/schemas/{type}", tag = "schemas",
    params(("type" = String, Path), ("limit" = Option<i64>, Query), ("offset" = Option<i64>, Query)),
    responses((status = 200, body = Vec<super::shapes::SchemaSummary>), (status = 403, body = shown::Detail)))]
pub async fn list_type(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let kind = listable(&request, &doors)?;
    let mut conditions = vec![Condition::Text(Text::Kind, Comparison::In, vec![kind])];
    if !caller.account.role.works_at_the_desk() {
        conditions.push(Condition::Flag(Flag::Published, Comparison::In, vec![true]));
    }
    let parameters = parameters(&request);
    if parameters.contains_key("limit") {
        let page = Page::read(&parameters, &doors.house.config.chat)?;
        let found = search(&doors, &parameters, conditions, false, (page.offset, page.count)).await?;
        return Ok(HttpResponse::Ok().json(page.body(&request, found)));
    }
    Ok(HttpResponse::Ok().json(search(&doors, &parameters, conditions, false, (0, MAX_LIST)).await?))
}

/// The type at the end of the path, if its list may be asked for.
fn listable(request: &HttpRequest, doors: &Doors) -> Result<String, ApiError> {
    let kind = request.match_info().get("kind").unwrap_or("import").to_owned();
    if doors.house.config.schemas.listable.contains(&kind) { Ok(kind) } else { Err(Refusal::Forbidden.into()) }
}

async fn search(
    doors: &Doors,
    parameters: &Parameters,
    mut conditions: Vec<Condition>,
    inside: bool,
    (offset, limit): (i64, i64),
) -> Result<Vec<Value>, ApiError> {
    let Some(wanted) = filter::conditions(parameters, inside) else { return Ok(Vec::new()) };
    conditions.extend(wanted);
    let query = SchemaQuery { conditions, order: filter::ordering(parameters, inside), offset, limit };
    let found = doors.house.store.read(move |connection| find(connection, query)).await?;
    let select = Select::parse(parameters.get("fields").map(String::as_str));
    Ok(found.iter().map(|schema| select.apply(wire::summary(schema))).collect())
}

/// One schema with its groups and questions. `language=` gives its texts in that language, where it has them.
#[utoipa::path(get, path = "/api/schemas/{schema}", tag = "schemas",
    params(("schema" = i64, Path), ("language" = Option<String>, Query), ("fields" = Option<String>, Query)),
    responses((status = 200, body = super::shapes::Schema), (status = 403, body = shown::Detail),
              (status = 404, body = shown::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let schema = readable(&doors, &caller, schema_of(&request)).await?;
    shown_as(&request, &doors, &caller, StatusCode::OK, &schema)
}

/// A schema with everything in it, if the caller may read it.
pub(super) async fn readable(doors: &Doors, caller: &Caller, id: SchemaId) -> Result<Arc<Schema>, ApiError> {
    let known = doors.house.store.read(move |connection| schemas::summary(connection, id)).await?;
    let is_open = known.published && doors.house.config.schemas.readable.contains(&known.kind);
    if !(is_open || caller.account.role.works_at_the_desk()) {
        return Err(Refusal::Forbidden.into());
    }
    let schema = doors.house.store.schema(id).await?;
    // what is out is remembered, but it may have been deprecated since
    let is_current = schema.deprecated == known.deprecated;
    Ok(if is_current { schema } else { Arc::new(Schema { deprecated: known.deprecated, ..(*schema).clone() }) })
}

/// A schema as the caller sees it in the language that was asked for.
pub(super) fn shown_as(
    request: &HttpRequest,
    doors: &Doors,
    caller: &Caller,
    status: StatusCode,
    schema: &Schema,
) -> Answer {
    let parameters = parameters(request);
    let reading = reading(&parameters, caller)?;
    Ok(selected(request, status, wire::detail(schema, &doors.house.look, reading)))
}

/// How the caller reads: in which language, and whether as an author.
pub(super) fn reading<'a>(parameters: &'a Parameters, caller: &Caller) -> Result<Reading<'a>, ApiError> {
    let language = parameters.get("language").map(String::as_str).filter(|code| !code.is_empty());
    if language.is_some_and(|code| !language::is_code(code)) {
        return Err(Refusal::field("language", language::NO_CODE).into());
    }
    Ok(Reading { language, inside: caller.account.role.works_at_the_desk() })
}

/// A method that single schemas do not have. Who may not read it hears that first (contract, 1).
pub async fn other_method(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    readable(&doors, &caller, schema_of(&request)).await?;
    Err(ApiError::method_not_allowed(request.method().as_str()))
}

/// A method that lists do not have.
pub async fn other_method_of_list(request: HttpRequest, doors: web::Data<Doors>, _caller: Caller) -> Answer {
    listable(&request, &doors)?;
    Err(ApiError::method_not_allowed(request.method().as_str()))
}
