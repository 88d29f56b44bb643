//! Attachments of a message (contract, 12). A message that is not in the thread of the path has none.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use super::messages::target;
use super::threads::{idempotency_key, selected};
use super::{Answer, body, message_of, number, objects, thread_of};
use crate::actors::{self, NotTaken};
use crate::domain::attachment::{Attachment, AttachmentEdit, AttachmentForm};
use crate::domain::decide::{self, Command, Target};
use crate::domain::{AttachmentId, Permissions, Refusal};
use crate::store::{Connection, messages};
use crate::web::Doors;
use crate::web::entry::Caller;
use crate::web::error::ApiError;

pub(super) fn attachment_of(request: &HttpRequest) -> AttachmentId {
    number(request, "attachment")
}

async fn hanging(request: &HttpRequest, doors: &Doors, caller: &Caller) -> Result<Vec<Attachment>, ApiError> {
    let thread = thread_of(request);
    let (message, _) = objects::message(&doors.house, thread, message_of(request), &caller.account).await?;
    Ok(message.attachments.clone())
}

/// Everything that hangs on a message.
#[utoipa::path(get, path = "/api/threads/{thread}/messages/{message}/attachments", tag = "attachments",
    params(("thread" = i64, Path), ("message" = i64, Path)),
    responses((status = 200, body = Vec<super::schema::Attachment>), (status = 403, body = super::schema::Detail),
              (status = 404, body = super::schema::Detail)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    objects::seat_with(&doors.house, thread_of(&request), caller.account.id, Permissions::READ_THREAD).await?;
    let attachments = hanging(&request, &doors, &caller).await?;
    let mut ids: Vec<&Attachment> = attachments.iter().collect();
    let parameters = super::page::parameters(&request);
    if let Some(id) = parameters.get("id") {
        ids.retain(|attachment| attachment.id.to_string() == *id);
    }
    let select = super::select::Select::parse(parameters.get("fields").map(String::as_str));
    let objects = ids.iter().map(|attachment| select.apply(attachment.to_json(&doors.house.look))).collect();
    Ok(HttpResponse::Ok().json(super::page::listed(&request, &doors.house.config.chat, objects)?))
}

/// One attachment.
#[utoipa::path(get, path = "/api/threads/{thread}/messages/{message}/attachments/{attachment}", tag = "attachments",
    params(("thread" = i64, Path), ("message" = i64, Path), ("attachment" = i64, Path)),
    responses((status = 200, body = super::schema::Attachment), (status = 404, body = super::schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    objects::seat_with(&doors.house, thread_of(&request), caller.account.id, Permissions::READ_THREAD).await?;
    one(&request, &doors, &caller, StatusCode::OK, attachment_of(&request)).await
}

async fn one(request: &HttpRequest, doors: &Doors, caller: &Caller, status: StatusCode, id: AttachmentId) -> Answer {
    let attachments = hanging(request, doors, caller).await?;
    let attachment = attachments.iter().find(|attachment| attachment.id == id).ok_or(Refusal::NotFound)?;
    Ok(selected(request, status, attachment.to_json(&doors.house.look)))
}

/// The target of a change, after the caller's right to it was checked: files are only taken from those who may.
async fn own_target(
    request: &HttpRequest,
    doors: &Doors,
    caller: &Caller,
    right: Permissions,
) -> Result<Target, ApiError> {
    let seat = objects::seat_with(&doors.house, thread_of(request), caller.account.id, right).await?;
    let target = target(request, doors, caller).await?;
    decide::own_message(&seat, target, right)?;
    Ok(target)
}

/// Hangs something on an own message. JSON, or multipart with one part `file`.
#[utoipa::path(post, path = "/api/threads/{thread}/messages/{message}/attachments", tag = "attachments",
    params(("thread" = i64, Path), ("message" = i64, Path)), request_body = super::schema::NewAttachment,
    responses((status = 201, body = super::schema::Attachment), (status = 400, body = super::schema::FieldErrors),
              (status = 403, body = super::schema::Detail), (status = 404, body = super::schema::Detail)))]
pub async fn create(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let (house, thread, account) = (&doors.house, thread_of(&request), caller.account.id);
    let target = own_target(&request, &doors, &caller, Permissions::CREATE_MESSAGES).await?;
    let mut body = body::with_files(&request, payload, house).await?;
    let form = body.files.pop().unwrap_or_else(|| AttachmentForm::read(&Value::Object(body.object), true));
    let mut prepared = actors::prepare(house, vec![form]).await.map_err(not_taken)?;
    let Some(mut attachment) = prepared.pop() else { return Err(Refusal::NotFound.into()) };
    let key = idempotency_key(&request);
    attachment.idempotency_key.clone_from(&key);
    let files = [attachment.clone()];
    let command = Command::AddAttachment { target, attachment: Box::new(attachment) };
    let done = actors::act(house, thread, account, command)
        .await
        .inspect_err(|refusal| actors::discard(house, refusal, &files))?;
    let added = match (key, done.message) {
        (Some(key), Some(message)) => {
            let find = move |connection: &mut Connection| messages::by_idempotency_key(connection, message.id, &key);
            house.store.read(find).await?
        }
        (_, message) => message.and_then(|message| message.attachments.iter().map(|attachment| attachment.id).max()),
    };
    one(&request, &doors, &caller, StatusCode::CREATED, added.ok_or(Refusal::NotFound)?).await
}

/// The complaints about a single body, also out of the list that is parallel to several.
pub(super) fn not_taken(why: NotTaken) -> ApiError {
    match why {
        NotTaken::Unavailable => Refusal::Unavailable.into(),
        NotTaken::Complaints(Value::Array(all)) => ApiError::body_of_fields(all.into_iter().next().unwrap_or_default()),
        NotTaken::Complaints(one) => ApiError::body_of_fields(one),
    }
}

/// Changes an attachment of an own message. What the kind needs is asked for only when the type changes.
#[utoipa::path(patch, path = "/api/threads/{thread}/messages/{message}/attachments/{attachment}", tag = "attachments",
    params(("thread" = i64, Path), ("message" = i64, Path), ("attachment" = i64, Path)),
    request_body = super::schema::NewAttachment,
    responses((status = 200, body = super::schema::Attachment), (status = 400, body = super::schema::FieldErrors),
              (status = 403, body = super::schema::Detail), (status = 404, body = super::schema::Detail)))]
pub async fn change(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let (house, thread, account, id) = (&doors.house, thread_of(&request), caller.account.id, attachment_of(&request));
    let target = own_target(&request, &doors, &caller, Permissions::EDIT_MESSAGES).await?;
    let attachments = hanging(&request, &doors, &caller).await?;
    let before = attachments.into_iter().find(|attachment| attachment.id == id).ok_or(Refusal::NotFound)?;
    let body = body::with_files(&request, payload, house).await?;
    let form = AttachmentForm::read(&Value::Object(body.object), false);
    let edit = edit(&doors, &before, form).await?;
    let file = edit.file.clone();
    let command = Command::EditAttachment { target, id, edit: Box::new(edit) };
    if let Err(refusal) = actors::act(house, thread, account, command).await {
        if let (Some((file, thumbnail)), false) = (file, matches!(refusal, Refusal::Busy { .. })) {
            let files = house.store.files().clone();
            let unused: Vec<String> = std::iter::once(file).chain(thumbnail).collect();
            let _ = web::block(move || files.remove(&unused)).await;
        }
        return Err(refusal.into());
    }
    one(&request, &doors, &caller, StatusCode::OK, id).await
}

/// The change that a form asks for; a new file is written.
pub(super) async fn edit(
    doors: &Doors,
    before: &Attachment,
    mut form: AttachmentForm,
) -> Result<AttachmentEdit, ApiError> {
    let kind = form.kind.unwrap_or(before.kind);
    if kind != before.kind {
        form.require(kind);
    }
    if !form.errors.is_empty() {
        return Err(ApiError::fields(form.errors));
    }
    let mut file = None;
    if kind.has_file() && form.file_content.is_some() {
        let files = doors.house.store.files().clone();
        form.title = form.title.or_else(|| Some(before.title.clone()));
        let mut content = form.clone();
        let stored = web::block(move || actors::store_content(&files, &mut content, kind)).await;
        let stored = stored.map_err(|_| Refusal::Unavailable)?.map_err(not_taken)?;
        file = Some((stored.file, stored.thumbnail));
    }
    let AttachmentForm { title, description, options, object_id, content_type, url, .. } = form;
    Ok(AttachmentEdit { kind: form.kind, title, description, options, object_id, content_type, file, url })
}

/// Takes an attachment off an own message.
#[utoipa::path(delete, path = "/api/threads/{thread}/messages/{message}/attachments/{attachment}", tag = "attachments",
    params(("thread" = i64, Path), ("message" = i64, Path), ("attachment" = i64, Path)),
    responses((status = 204), (status = 403, body = super::schema::Detail), (status = 404, body = super::schema::Detail)))]
pub async fn delete(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (thread, account, id) = (thread_of(&request), caller.account.id, attachment_of(&request));
    let target = own_target(&request, &doors, &caller, Permissions::EDIT_MESSAGES).await?;
    actors::act(&doors.house, thread, account, Command::RemoveAttachment { target, id }).await?;
    Ok(HttpResponse::NoContent().finish())
}
