//! What hangs on the questions of a draft: the same kinds as on messages (contract, 12), their files judged alike.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use super::super::threads::selected;
use super::super::{Answer, attachments, body, number, schema as shown};
use super::editing::{self, Made};
use super::parts::{asked, part, seen};
use super::{question_of, schema_of, superuser};
use crate::actors;
use crate::domain::Refusal;
use crate::domain::attachment::{AttachmentEdit, AttachmentForm};
use crate::domain::script::bounds::MAX_TEMPLATES;
use crate::domain::script::{Question, Schema, Template, wire};
use crate::web::Doors;
use crate::web::entry::Caller;
use crate::web::error::ApiError;

fn object(doors: &Doors, question: &Question, id: i64) -> Result<Value, ApiError> {
    let template = question.attachments.iter().find(|template| template.id == id).ok_or(Refusal::NotFound)?;
    Ok(wire::template(question.id, template, &doors.house.look))
}

/// Everything that hangs on a question.
#[utoipa::path(get, path = "/api/schemas/{schema}/questions/{question}/attachments", tag = "schemas",
    params(("schema" = i64, Path), ("question" = i64, Path)),
    responses((status = 200, body = Vec<super::shapes::Template>), (status = 403, body = shown::Detail)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let schema = seen(&request, &doors, &caller).await?;
    let question = asked(&request, &schema)?;
    let templates = question.attachments.iter();
    let objects = templates.map(|template| wire::template(question.id, template, &doors.house.look));
    Ok(selected(&request, StatusCode::OK, objects.collect()))
}

/// One attachment.
#[utoipa::path(get, path = "/api/schemas/{schema}/questions/{question}/attachments/{attachment}", tag = "schemas",
    params(("schema" = i64, Path), ("question" = i64, Path), ("attachment" = i64, Path)),
    responses((status = 200, body = super::shapes::Template), (status = 404, body = shown::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let schema = seen(&request, &doors, &caller).await?;
    let object = object(&doors, asked(&request, &schema)?, number(&request, "attachment"))?;
    Ok(selected(&request, StatusCode::OK, object))
}

/// Hangs something on a question of a draft. JSON, or multipart with one part `file`.
#[utoipa::path(post, path = "/api/schemas/{schema}/questions/{question}/attachments", tag = "schemas",
    params(("schema" = i64, Path), ("question" = i64, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = shown::NewAttachment,
    responses((status = 201, body = super::shapes::Template), (status = 400, body = shown::FieldErrors),
              (status = 403, body = shown::Detail), (status = 404, body = shown::Detail)))]
pub async fn add(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    superuser(&caller)?;
    let (schema, id) = (schema_of(&request), question_of(&request));
    // files are only taken for a question that is there
    let mut draft = editing::draft(&doors, schema).await?;
    editing::question(&mut draft, id)?;
    let name = editing::request_name(&request, caller.account.id);
    let mut body = body::with_files(&request, payload, &doors.house).await?;
    let form = body.files.pop().unwrap_or_else(|| AttachmentForm::read(&Value::Object(body.object), true));
    let mut prepared = actors::prepare(&doors.house, vec![form]).await.map_err(attachments::not_taken)?;
    let template = Template::of(prepared.pop().ok_or(Refusal::NotFound)?);
    let edited = editing::edit(&doors, schema, name, |schema| {
        let question = editing::question(schema, id)?;
        if question.attachments.len() >= MAX_TEMPLATES {
            let complaint = format!("Ensure this field has no more than {MAX_TEMPLATES} elements.");
            return Err(Refusal::field("attachments", complaint).into());
        }
        question.attachments.push(template.clone());
        question.has_attachments = true;
        let newest = move |now: &Schema| now.question(id)?.attachments.iter().map(|template| template.id).max();
        Ok(Box::new(newest) as Made)
    });
    let edited = edited.await;
    let used = edited.as_ref().map(|edited| editing::files(&edited.schema)).unwrap_or_default();
    editing::remove(&doors, template.files().filter(|file| !used.contains(*file)).cloned().collect()).await;
    let edited = edited?;
    let object = object(&doors, asked(&request, &edited.schema)?, part(edited.made, i64::MAX))?;
    Ok(selected(&request, StatusCode::CREATED, object))
}

/// Changes what hangs on a question of a draft. What the kind needs is asked for only when the type changes.
#[utoipa::path(patch, path = "/api/schemas/{schema}/questions/{question}/attachments/{attachment}", tag = "schemas",
    params(("schema" = i64, Path), ("question" = i64, Path), ("attachment" = i64, Path)),
    request_body = shown::NewAttachment,
    responses((status = 200, body = super::shapes::Template), (status = 400, body = shown::FieldErrors),
              (status = 403, body = shown::Detail), (status = 404, body = shown::Detail)))]
pub async fn change(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    superuser(&caller)?;
    let (schema, question, id) = (schema_of(&request), question_of(&request), number(&request, "attachment"));
    let mut draft = editing::draft(&doors, schema).await?;
    let before = found(&mut draft, question, id)?.as_attachment();
    let body = body::with_files(&request, payload, &doors.house).await?;
    let form = AttachmentForm::read(&Value::Object(body.object), false);
    let edit = attachments::edit(&doors, &before, form).await?;
    let edited = editing::edit(&doors, schema, None, |schema| {
        let template = found(schema, question, id)?;
        *template = template.clone().changed(as_form(&edit), edit.file.clone());
        Ok(editing::nothing_new())
    });
    let edited = edited.await;
    let used = edited.as_ref().map(|edited| editing::files(&edited.schema)).unwrap_or_default();
    let written = edit.file.iter().flat_map(|(file, thumbnail)| std::iter::once(file).chain(thumbnail));
    editing::remove(&doors, written.filter(|file| !used.contains(*file)).cloned().collect()).await;
    Ok(selected(&request, StatusCode::OK, object(&doors, asked(&request, &edited?.schema)?, id)?))
}

fn as_form(edit: &AttachmentEdit) -> AttachmentForm {
    let AttachmentEdit { kind, title, description, options, object_id, content_type, url, .. } = edit.clone();
    AttachmentForm { kind, title, description, options, object_id, content_type, url, ..AttachmentForm::default() }
}

fn found(schema: &mut Schema, question: i64, id: i64) -> Result<&mut Template, ApiError> {
    let mut templates = editing::question(schema, question)?.attachments.iter_mut();
    templates.find(|template| template.id == id).ok_or_else(|| Refusal::NotFound.into())
}

/// Takes an attachment off a question of a draft.
#[utoipa::path(delete, path = "/api/schemas/{schema}/questions/{question}/attachments/{attachment}", tag = "schemas",
    params(("schema" = i64, Path), ("question" = i64, Path), ("attachment" = i64, Path)),
    responses((status = 204), (status = 403, body = shown::Detail), (status = 404, body = shown::Detail)))]
pub async fn delete(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    superuser(&caller)?;
    let (question, id) = (question_of(&request), number(&request, "attachment"));
    let edited = editing::edit(&doors, schema_of(&request), None, |schema| {
        found(schema, question, id)?;
        let question = editing::question(schema, question)?;
        question.attachments.retain(|template| template.id != id);
        question.has_attachments = !question.attachments.is_empty();
        Ok(editing::nothing_new())
    });
    edited.await?;
    Ok(HttpResponse::NoContent().finish())
}
