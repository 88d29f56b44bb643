//! The life of a schema (contract, 13.4): checked, published, copied as the next version, deprecated.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::super::{Answer, body, page, schema as shown};
use super::editing::{self, draft};
use super::{desk, doors, schema_of, superuser};
use crate::domain::Refusal;
use crate::domain::form::Form;
use crate::domain::script::review::{self, Review};
use crate::domain::script::{Schema, SchemaId};
use crate::store::schema_list::{Condition, SchemaQuery, Text};
use crate::store::{Connection, messages::Comparison, schema_edit, schema_list, schemas};
use crate::web::Doors;
use crate::web::entry::Caller;
use crate::web::error::ApiError;

/// The review of a schema, away from the threads that serve others.
pub(super) async fn reviewed(schema: Schema) -> Result<(Schema, Review), ApiError> {
    let work = move || {
        let review = review::review(&schema, &mut rand::random::<f64>);
        (schema, review)
    };
    web::block(work).await.map_err(|_| Refusal::Unavailable.into())
}

/// Walks all ways of a schema and says what is wrong with it; changes nothing.
#[utoipa::path(post, path = "/api/schemas/{schema}/check", tag = "schemas", params(("schema" = i64, Path)),
    responses((status = 200, body = super::shapes::Findings), (status = 403, body = shown::Detail),
              (status = 404, body = shown::Detail)))]
pub async fn check(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    desk(&caller)?;
    let id = schema_of(&request);
    let schema = doors.house.store.read(move |connection| schemas::load(connection, id)).await?;
    let (_, review) = reviewed(schema).await?;
    Ok(HttpResponse::Ok().json(json!({"findings": review.to_json()})))
}

/// The findings as a refusal; `force` forgives what is advice.
pub(super) fn refused(review: &Review, force: bool) -> Result<(), ApiError> {
    if review.broken.is_empty() && (force || review.findings.is_empty()) {
        return Ok(());
    }
    let body = json!({"non_field_errors": review.texts(), "findings": review.to_json()});
    Err(ApiError::body_of_fields(body))
}

/// Lets a draft out. Every other published schema of its name is deprecated; who is in one of them finishes it.
/// Refused with the findings, if there are any; `{"force": true}` forgives those of the checker.
#[utoipa::path(post, path = "/api/schemas/{schema}/publish", tag = "schemas", params(("schema" = i64, Path)),
    request_body = super::shapes::Publish,
    responses((status = 200, body = super::shapes::Schema), (status = 400, body = super::shapes::Findings),
              (status = 403, body = shown::Detail), (status = 404, body = shown::Detail),
              (status = 409, body = shown::Detail)))]
pub async fn publish(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    superuser(&caller)?;
    let body = body::json(&mut payload, doors.house.config.limits.body_bytes).await?;
    let mut form = Form::new(&body);
    let force = form.boolean("force").unwrap_or(false);
    editing::fine(form.errors)?;
    let schema = draft(&doors, schema_of(&request)).await?;
    let (schema, review) = reviewed(schema).await?;
    refused(&review, force)?;
    let (id, now) = (schema.id, doors.house.clock.now());
    let work = move |connection: &mut Connection| {
        // what goes out is what was checked
        if schemas::load(connection, id)? != schema {
            return Ok(None);
        }
        let others = of_name(connection, &schema.name)?;
        schemas::publish(connection, id, now)?;
        Ok(Some((schemas::load(connection, id)?, others)))
    };
    let (schema, others) = doors.house.store.write(work).await?.ok_or(Refusal::Clash)?;
    others.into_iter().for_each(|id| doors.house.store.forget_schema(id));
    doors::shown_as(&request, &doors, &caller, StatusCode::OK, &schema)
}

/// All schemas of a name.
fn of_name(connection: &mut Connection, name: &str) -> Result<Vec<SchemaId>, crate::store::StoreError> {
    let conditions = vec![Condition::Text(Text::Name, Comparison::In, vec![name.to_owned()])];
    let query = SchemaQuery { conditions, limit: i64::MAX, ..SchemaQuery::default() };
    Ok(schema_list::find(connection, query)?.into_iter().map(|schema| schema.id).collect())
}

/// Takes a published schema out of use: nobody new begins with it.
#[utoipa::path(post, path = "/api/schemas/{schema}/deprecate", tag = "schemas", params(("schema" = i64, Path)),
    responses((status = 200, body = super::shapes::Schema), (status = 403, body = shown::Detail),
              (status = 404, body = shown::Detail), (status = 409, body = shown::Detail)))]
pub async fn deprecate(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    superuser(&caller)?;
    let (id, now) = (schema_of(&request), doors.house.clock.now());
    let work = move |connection: &mut Connection| {
        if !schemas::summary(connection, id)?.published {
            return Ok(None);
        }
        schema_edit::deprecate(connection, id, now)?;
        schemas::load(connection, id).map(Some)
    };
    let Some(schema) = doors.house.store.write(work).await? else {
        let detail = "Only what is published can be deprecated. Delete the draft instead.";
        return Err(ApiError::new(StatusCode::CONFLICT, detail, "not_published"));
    };
    doors.house.store.forget_schema(id);
    doors::shown_as(&request, &doors, &caller, StatusCode::OK, &schema)
}

/// Copies a schema, published or not, as a draft of the next version of its name (B-COPY-VERSION), its files too
/// (B-COPY-ATT).
#[utoipa::path(post, path = "/api/schemas/{schema}/copy", tag = "schemas",
    params(("schema" = i64, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = super::shapes::Schema), (status = 403, body = shown::Detail),
              (status = 404, body = shown::Detail)))]
pub async fn copy(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    superuser(&caller)?;
    let (id, name) = (schema_of(&request), editing::request_name(&request, caller.account.id));
    let schema = doors.house.store.read(move |connection| schemas::load(connection, id)).await?;
    let copy = own_files(&doors, schema).await?;
    let (files, now) = (editing::files(&copy), doors.house.clock.now());
    let work = move |connection: &mut Connection| {
        if let Some(made) = editing::known(connection, name.as_ref())? {
            return schemas::load(connection, made);
        }
        let version = schema_edit::last_version(connection, &copy.name)? + 1;
        let made = schemas::create(connection, &copy.copy(version), now)?;
        editing::note(connection, name.as_ref(), Some(made.id), now)?;
        Ok(made)
    };
    let made = doors.house.store.write(work).await;
    let used = made.as_ref().map(editing::files).unwrap_or_default();
    editing::remove(&doors, files.difference(&used).cloned().collect()).await;
    doors::shown_as(&request, &doors, &caller, StatusCode::CREATED, &made?)
}

/// The same schema with files of its own: copies of those that it names, as far as they are here.
pub(super) async fn own_files(doors: &Doors, mut schema: Schema) -> Result<Schema, ApiError> {
    let files = doors.house.store.files().clone();
    let copied = web::block(move || schemas::copy_files(&files, &mut schema).map(|()| schema));
    Ok(copied.await.map_err(|_| Refusal::Unavailable)??)
}

/// Whether a parameter of the request says yes.
pub(super) fn says_yes(request: &HttpRequest, name: &str) -> bool {
    page::parameters(request).get(name).is_some_and(|value| matches!(value.as_str(), "true" | "True" | "1"))
}

/// Complaints of a file, one a line.
pub(super) fn wrong_file(lines: Vec<String>) -> ApiError {
    ApiError::body_of_fields(json!({"non_field_errors": Value::from(lines)}))
}
