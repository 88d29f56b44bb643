//! The road of every change: the schema is read whole, changed in memory, checked, and what differs is written, if
//! nobody else wrote meanwhile. Then files go that nothing refers to any more.

use std::collections::HashSet;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use serde_json::Value;

use super::super::threads::idempotency_key;
use crate::actors::{self, NotTaken};
use crate::domain::attachment::AttachmentForm;
use crate::domain::script::parts::Hung;
use crate::domain::script::{Question, Schema, SchemaId, Template};
use crate::domain::{AccountId, FieldErrors, Micros, Refusal};
use crate::store::schema_edit::{self, RequestName};
use crate::store::{Connection, StoreError, schemas};
use crate::web::Doors;
use crate::web::error::ApiError;

/// The largest body with a schema in it, in bytes, files apart.
pub(super) const MAX_BODY: usize = 16 << 20;
/// How often a change is tried again when others were faster.
const TRIES: usize = 4;

/// Finds the number of what a change made.
pub(super) type Made = Box<dyn FnOnce(&Schema) -> Option<i64> + Send>;

/// A change that was written.
pub(super) struct Edited {
    /// The schema now.
    pub schema: Schema,
    /// What was made, if something was.
    pub made: Option<i64>,
}

/// A change that makes nothing new.
pub(super) fn nothing_new() -> Made {
    Box::new(|_| None)
}

/// The name that a request gave itself, so that a repeat makes nothing more.
pub(super) fn request_name(request: &HttpRequest, account: AccountId) -> Option<RequestName> {
    let key = idempotency_key(request)?;
    Some(RequestName { account, key, place: request.path().to_owned() })
}

/// 409: what is out is not changed any more.
fn published() -> ApiError {
    let detail = "A published schema is not changed any more. Copy it, change the copy and publish that.";
    ApiError::new(StatusCode::CONFLICT, detail, "published")
}

/// A draft to be changed: a published one is none, unless the settings say so.
pub(super) async fn draft(doors: &Doors, id: SchemaId) -> Result<Schema, ApiError> {
    let schema = doors.house.store.read(move |connection| schemas::load(connection, id)).await?;
    if schema.published && !doors.house.config.schemas.edit_published { Err(published()) } else { Ok(schema) }
}

/// Changes a schema. `change` gets it as it is; it is called again when somebody else was faster.
pub(super) async fn edit(
    doors: &Doors,
    id: SchemaId,
    name: Option<RequestName>,
    change: impl Fn(&mut Schema) -> Result<Made, ApiError>,
) -> Result<Edited, ApiError> {
    for _ in 0..TRIES {
        let before = draft(doors, id).await?;
        if let Some(name) = name.clone() {
            let known = move |connection: &mut Connection| schema_edit::made_before(connection, &name);
            if let Some(made) = doors.house.store.read(known).await? {
                return Ok(Edited { schema: before, made: Some(made) });
            }
        }
        let mut after = before.clone();
        let made = change(&mut after)?;
        match write(doors, before, after, name.clone(), made).await? {
            Written::Done(edited) => return Ok(edited),
            Written::Refused(errors) => return Err(ApiError::fields(errors)),
            Written::Overtaken => {}
        }
    }
    Err(Refusal::Clash.into())
}

/// What became of a change.
pub(super) enum Written {
    Done(Edited),
    Refused(FieldErrors),
    Overtaken,
}

/// Writes a change that was made of `before`, unless the schema is another by now.
pub(super) async fn write(
    doors: &Doors,
    before: Schema,
    mut after: Schema,
    name: Option<RequestName>,
    made: Made,
) -> Result<Written, ApiError> {
    after.sort();
    let (id, now) = (before.id, doors.house.clock.now());
    let old_files = files(&before);
    let work = move |connection: &mut Connection| {
        if let Some(made) = known(connection, name.as_ref())? {
            let schema = schemas::load(connection, id)?;
            return Ok(Written::Done(Edited { schema, made: Some(made) }));
        }
        if schemas::load(connection, id)? != before {
            return Ok(Written::Overtaken);
        }
        if schema_edit::is_taken(connection, &after)? {
            return Ok(Written::Refused(FieldErrors::one("name", "NOT_UNIQUE")));
        }
        let schema = schema_edit::save(connection, &before, &after, now)?;
        let made = made(&schema);
        note(connection, name.as_ref(), made, now)?;
        Ok(Written::Done(Edited { schema, made }))
    };
    let written = doors.house.store.write(work).await?;
    if let Written::Done(edited) = &written {
        doors.house.store.forget_schema(id);
        let kept = files(&edited.schema);
        remove(doors, old_files.into_iter().filter(|file| !kept.contains(file)).collect()).await;
    }
    Ok(written)
}

pub(super) fn known(connection: &mut Connection, name: Option<&RequestName>) -> Result<Option<i64>, StoreError> {
    name.map_or(Ok(None), |name| schema_edit::made_before(connection, name))
}

pub(super) fn note(
    connection: &mut Connection,
    name: Option<&RequestName>,
    made: Option<i64>,
    now: Micros,
) -> Result<(), StoreError> {
    match (name, made) {
        (Some(name), Some(made)) => schema_edit::note_made(connection, name, made, now),
        _ => Ok(()),
    }
}

/// All files of a schema.
pub(super) fn files(schema: &Schema) -> HashSet<String> {
    let templates = schema.questions.iter().flat_map(|question| &question.attachments);
    templates.flat_map(Template::files).cloned().collect()
}

/// Removes files that nothing refers to any more.
pub(super) async fn remove(doors: &Doors, names: Vec<String>) {
    if !names.is_empty() {
        let files = doors.house.store.files().clone();
        // one that stays costs room and nothing else; the log says so
        let _ = web::block(move || files.remove(&names)).await;
    }
}

/// The files of templates that were made and not stored after all.
pub(super) async fn discard(doors: &Doors, made: &[Vec<Template>]) {
    remove(doors, made.iter().flatten().flat_map(Template::files).cloned().collect()).await;
}

/// Makes what is to hang on each question: files are judged and written. What is wrong comes back parallel to it.
pub(super) async fn hang(doors: &Doors, all: Vec<Vec<Hung>>) -> Result<Vec<Vec<Template>>, NotHung> {
    let mut forms: Vec<AttachmentForm> = Vec::new();
    let mut plan: Vec<Vec<Option<Template>>> = Vec::new();
    for list in all {
        let mut places = Vec::new();
        for hung in list {
            match hung {
                Hung::Kept(template) => places.push(Some(*template)),
                Hung::New(form) => {
                    forms.push(*form);
                    places.push(None);
                }
            }
        }
        plan.push(places);
    }
    let made = actors::prepare(&doors.house, forms).await.map_err(|why| not_hung(why, &plan))?;
    let mut made = made.into_iter();
    let hung = plan.into_iter().map(|places| {
        let templates = places.into_iter().map(|kept| kept.or_else(|| made.next().map(Template::of)));
        templates.flatten().collect()
    });
    Ok(hung.collect())
}

/// Why attachments were not made.
pub(super) enum NotHung {
    /// What is wrong with each.
    Complaints(Vec<Vec<FieldErrors>>),
    /// The disk failed.
    Unavailable,
}

fn not_hung(why: NotTaken, plan: &[Vec<Option<Template>>]) -> NotHung {
    let NotTaken::Complaints(Value::Array(complaints)) = why else { return NotHung::Unavailable };
    let mut complaints = complaints.iter().map(errors);
    let place = |kept: &Option<Template>| match kept {
        Some(_) => FieldErrors::new(),
        None => complaints.next().unwrap_or_default(),
    };
    let mut place = place;
    NotHung::Complaints(plan.iter().map(|places| places.iter().map(&mut place).collect()).collect())
}

/// Complaints that are JSON already.
fn errors(tree: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (field, codes) in tree.as_object().into_iter().flatten() {
        errors.set(field, codes.clone());
    }
    errors
}

/// The question of the path, in the schema of the path.
pub(super) fn question(schema: &mut Schema, id: i64) -> Result<&mut Question, ApiError> {
    let found = schema.questions.iter_mut().find(|question| question.id == id);
    found.ok_or_else(|| Refusal::NotFound.into())
}

/// `Err` with the complaints, if there are any.
pub(super) fn fine(errors: FieldErrors) -> Result<(), ApiError> {
    if errors.is_empty() { Ok(()) } else { Err(ApiError::fields(errors)) }
}
