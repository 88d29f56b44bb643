//! The file of a schema (contract, 13.5): taken out, and put in.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};

use super::super::{Answer, body, page, schema as shown};
use super::life::{own_files, refused, reviewed, says_yes, wrong_file};
use super::{desk, doors, editing, schema_of, superuser};
use crate::domain::Refusal;
use crate::domain::script::{Schema, record};
use crate::store::{Connection, schema_edit, schemas};
use crate::web::Doors;
use crate::web::entry::Caller;
use crate::web::error::ApiError;

/// The widest indent of a file.
const MAX_INDENT: usize = 16;

/// The schema as a file: an array of records. `indent=` is the number of spaces, 4 if nothing is said.
#[utoipa::path(get, path = "/api/schemas/{schema}/export", tag = "schemas",
    params(("schema" = i64, Path), ("indent" = Option<u32>, Query)),
    responses((status = 200, body = Vec<super::shapes::Record>), (status = 403, body = shown::Detail),
              (status = 404, body = shown::Detail)))]
pub async fn export(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    desk(&caller)?;
    let id = schema_of(&request);
    let indent = match page::parameters(&request).get("indent").map(|text| text.parse::<usize>()) {
        None => record::INDENT,
        Some(Ok(indent)) if indent <= MAX_INDENT => indent,
        Some(_) => return Err(Refusal::field("indent", format!("Write a number from 0 to {MAX_INDENT}.")).into()),
    };
    let schema = doors.house.store.read(move |connection| schemas::load(connection, id)).await?;
    let name = format!("attachment; filename=\"schema-{}-v{}.json\"", schema.id, schema.version);
    let text = web::block(move || record::dump(&schema, indent)).await.map_err(|_| Refusal::Unavailable)?;
    let text = text.map_err(|_| Refusal::Unavailable)?;
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_TYPE, "application/json")).insert_header((CONTENT_DISPOSITION, name));
    Ok(response.body(text))
}

/// What became of a file.
enum Imported {
    Made(Box<Schema>),
    /// A schema of that name and version exists.
    Exists,
}

/// Makes a schema of a file, with new numbers; its version and whether it is published are taken as they are (contract,
/// 13.5). Unknown fields are an error, unless `skip_unknown=true`. `publish=true` lets it out at once, if nothing stands
/// against it; with `force=true` the checker's advice does not.
#[utoipa::path(post, path = "/api/schemas/import", tag = "schemas",
    params(("skip_unknown" = Option<bool>, Query), ("publish" = Option<bool>, Query), ("force" = Option<bool>, Query),
           ("Idempotency-Key" = Option<String>, Header)),
    request_body = Vec<super::shapes::Record>,
    responses((status = 201, body = super::shapes::Schema), (status = 400, body = shown::FieldErrors),
              (status = 403, body = shown::Detail), (status = 409, body = shown::Detail)))]
pub async fn import(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    superuser(&caller)?;
    let name = editing::request_name(&request, caller.account.id);
    let bytes = body::raw(&mut payload, editing::MAX_BODY).await?;
    let (skip, publish) = (says_yes(&request, "skip_unknown"), says_yes(&request, "publish"));
    let types = doors.house.config.schemas.types.clone();
    let read = web::block(move || schemas::read_file(&bytes, skip, &types)).await.map_err(|_| Refusal::Unavailable)?;
    let mut schema = read.map_err(wrong_file)?;
    if publish {
        let (same, review) = reviewed(schema).await?;
        refused(&review, says_yes(&request, "force"))?;
        schema = same;
    }
    let schema = own_files(&doors, schema).await?;
    let (files, now) = (editing::files(&schema), doors.house.clock.now());
    let work = move |connection: &mut Connection| {
        if let Some(made) = editing::known(connection, name.as_ref())? {
            return schemas::load(connection, made).map(|made| Imported::Made(Box::new(made)));
        }
        if schema_edit::is_taken(connection, &Schema { id: 0, ..schema.clone() })? {
            return Ok(Imported::Exists);
        }
        let mut made = schemas::create(connection, &schema, now)?;
        if publish {
            schemas::publish(connection, made.id, now)?;
            made = schemas::load(connection, made.id)?;
        }
        editing::note(connection, name.as_ref(), Some(made.id), now)?;
        Ok(Imported::Made(Box::new(made)))
    };
    let imported = doors.house.store.write(work).await;
    let used = match &imported {
        Ok(Imported::Made(made)) => editing::files(made),
        _ => Default::default(),
    };
    editing::remove(&doors, files.difference(&used).cloned().collect()).await;
    match imported? {
        Imported::Made(made) => doors::shown_as(&request, &doors, &caller, StatusCode::CREATED, &made),
        Imported::Exists => {
            let detail = "A schema of that name and version exists already.";
            Err(ApiError::new(StatusCode::CONFLICT, detail, "conflict"))
        }
    }
}
