//! Drafts as a whole: made, replaced and changed in one body, with groups, questions, answers and attachments.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value};

use super::super::{Answer, body, schema as shown};
use super::editing::{self, Edited, NotHung, Written};
use super::{doors, schema_of, superuser};
use crate::domain::script::draft::{Draft, own_fields};
use crate::domain::script::{Schema, SchemaId, Template};
use crate::domain::{FieldErrors, Refusal, Role};
use crate::store::schema_edit::{self, RequestName};
use crate::store::{Connection, schemas};
use crate::web::Doors;
use crate::web::entry::Caller;
use crate::web::error::ApiError;

/// What became of a new schema.
enum Created {
    Made(SchemaId),
    Refused(FieldErrors),
}

/// Makes a draft, with everything in it that the body has. Without `version` it gets the next one of its name.
#[utoipa::path(post, path = "/api/schemas", tag = "schemas", params(("Idempotency-Key" = Option<String>, Header)),
    request_body = super::shapes::NewSchema,
    responses((status = 201, body = super::shapes::Schema), (status = 400, body = shown::FieldErrors),
              (status = 403, body = shown::Detail)))]
pub async fn create(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    superuser(&caller)?;
    let name = editing::request_name(&request, caller.account.id);
    let body = body::large(payload, large(&doors)).await?;
    let (schema, hung) = read(&doors, &body, None).await?;
    let id = match store(&doors, schema, name).await {
        Ok(Created::Made(id)) => id,
        Ok(Created::Refused(errors)) => {
            editing::discard(&doors, &hung).await;
            return Err(ApiError::fields(errors));
        }
        Err(error) => {
            editing::discard(&doors, &hung).await;
            return Err(error);
        }
    };
    let schema = doors.house.store.read(move |connection| schemas::load(connection, id)).await?;
    // a repeat made no use of its files
    let used = editing::files(&schema);
    let unused = hung.iter().flatten().flat_map(Template::files).filter(|file| !used.contains(*file));
    editing::remove(&doors, unused.cloned().collect()).await;
    doors::shown_as(&request, &doors, &caller, StatusCode::CREATED, &schema)
}

async fn store(doors: &Doors, mut schema: Schema, name: Option<RequestName>) -> Result<Created, ApiError> {
    let now = doors.house.clock.now();
    let work = move |connection: &mut Connection| {
        if let Some(made) = editing::known(connection, name.as_ref())? {
            return Ok(Created::Made(made));
        }
        if schema.version < 1 {
            schema.version = schema_edit::last_version(connection, &schema.name)? + 1;
        } else if schema_edit::is_taken(connection, &schema)? {
            return Ok(Created::Refused(FieldErrors::one("version", "NOT_UNIQUE")));
        }
        let made = schemas::create(connection, &schema, now)?.id;
        editing::note(connection, name.as_ref(), Some(made), now)?;
        Ok(Created::Made(made))
    };
    Ok(doors.house.store.write(work).await?)
}

fn large(doors: &Doors) -> usize {
    editing::MAX_BODY + doors.house.config.media.max_bytes / 3 * 4
}

/// The schema that a body describes, its files written, and what is new of what hangs on it.
async fn read(
    doors: &Doors,
    body: &Map<String, Value>,
    before: Option<&Schema>,
) -> Result<(Schema, Vec<Vec<Template>>), ApiError> {
    let draft = Draft::read(body, before, &doors.house.config.schemas.types);
    if !draft.is_fine() {
        return Err(ApiError::fields(draft.complaints()));
    }
    let (mut schema, hung, hanging) = draft.into_parts();
    let hung = match editing::hang(doors, hung).await {
        Ok(hung) => hung,
        Err(NotHung::Complaints(complaints)) => return Err(ApiError::fields(hanging.complaints(complaints))),
        Err(NotHung::Unavailable) => return Err(Refusal::Unavailable.into()),
    };
    for (question, templates) in schema.questions.iter_mut().zip(&hung) {
        question.attachments.clone_from(templates);
        question.has_attachments = !templates.is_empty();
    }
    schema.sort();
    let old = before.map(editing::files).unwrap_or_default();
    let is_new = |template: &&Template| template.files().all(|file| !old.contains(file));
    let new = hung.iter().map(|templates| templates.iter().filter(is_new).cloned().collect()).collect();
    Ok((schema, new))
}

/// Who may not change schemas: those who may not read it hear that, others that it has no such method (contract, 1).
pub(super) async fn refuse(request: &HttpRequest, doors: &Doors, caller: &Caller) -> Result<(), ApiError> {
    match caller.account.role {
        Role::Superuser => Ok(()),
        Role::Operator => Err(Refusal::Forbidden.into()),
        _ => {
            doors::readable(doors, caller, schema_of(request)).await?;
            Err(ApiError::method_not_allowed(request.method().as_str()))
        }
    }
}

/// Replaces a draft. Parts that carry the number of one of its parts stay the same parts; what is not there goes.
#[utoipa::path(put, path = "/api/schemas/{schema}", tag = "schemas", params(("schema" = i64, Path)),
    request_body = super::shapes::NewSchema,
    responses((status = 200, body = super::shapes::Schema), (status = 400, body = shown::FieldErrors),
              (status = 403, body = shown::Detail), (status = 404, body = shown::Detail),
              (status = 409, body = shown::Detail)))]
pub async fn replace(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    refuse(&request, &doors, &caller).await?;
    let body = body::large(payload, large(&doors)).await?;
    let before = editing::draft(&doors, schema_of(&request)).await?;
    let (schema, new) = read(&doors, &body, Some(&before)).await?;
    // flags are changed by publishing and deprecating only
    let after = Schema { published: before.published, deprecated: before.deprecated, ..schema };
    let written = editing::write(&doors, before, after, None, editing::nothing_new()).await;
    match written {
        Ok(Written::Done(Edited { schema, .. })) => doors::shown_as(&request, &doors, &caller, StatusCode::OK, &schema),
        other => {
            editing::discard(&doors, &new).await;
            Err(match other {
                Err(error) => error,
                Ok(Written::Refused(errors)) => ApiError::fields(errors),
                Ok(_) => Refusal::Clash.into(),
            })
        }
    }
}

/// Changes the name, type or language of a draft.
#[utoipa::path(patch, path = "/api/schemas/{schema}", tag = "schemas", params(("schema" = i64, Path)),
    request_body = super::shapes::SchemaChange,
    responses((status = 200, body = super::shapes::Schema), (status = 400, body = shown::FieldErrors),
              (status = 403, body = shown::Detail), (status = 404, body = shown::Detail),
              (status = 409, body = shown::Detail)))]
pub async fn change(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    refuse(&request, &doors, &caller).await?;
    let body = body::json(&mut payload, doors.house.config.limits.body_bytes).await?;
    let types = doors.house.config.schemas.types.clone();
    let edited = editing::edit(&doors, schema_of(&request), None, |schema| {
        editing::fine(own_fields(&body, schema, &types))?;
        Ok(editing::nothing_new())
    });
    doors::shown_as(&request, &doors, &caller, StatusCode::OK, &edited.await?.schema)
}

/// Deletes a draft with everything in it.
#[utoipa::path(delete, path = "/api/schemas/{schema}", tag = "schemas", params(("schema" = i64, Path)),
    responses((status = 204), (status = 403, body = shown::Detail), (status = 404, body = shown::Detail),
              (status = 409, body = shown::Detail)))]
pub async fn delete(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    refuse(&request, &doors, &caller).await?;
    let before = editing::draft(&doors, schema_of(&request)).await?;
    let (id, files) = (before.id, editing::files(&before));
    let may_be_out = doors.house.config.schemas.edit_published;
    let work = move |connection: &mut Connection| {
        let is_out = schemas::summary(connection, id)?.published;
        if is_out && !may_be_out { Ok(false) } else { schema_edit::delete(connection, id).map(|()| true) }
    };
    if !doors.house.store.write(work).await? {
        return Err(Refusal::Clash.into());
    }
    doors.house.store.forget_schema(id);
    editing::remove(&doors, files.into_iter().collect()).await;
    Ok(HttpResponse::NoContent().finish())
}
