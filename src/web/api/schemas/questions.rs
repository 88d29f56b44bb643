//! The questions of a draft, one by one, each with its answers and attachments.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value};

use super::super::threads::selected;
use super::super::{Answer, body, page, schema as shown};
use super::editing::{self, Edited, Made, NotHung};
use super::parts::{asked, part, partial, seen};
use super::{doors, question_of, schema_of, superuser};
use crate::domain::Refusal;
use crate::domain::script::parts::{self, Fresh, Hung, QuestionDraft, QuestionErrors, Surroundings};
use crate::domain::script::rules::Book;
use crate::domain::script::{QuestionId, Schema, Template, rules, wire};
use crate::web::Doors;
use crate::web::entry::Caller;
use crate::web::error::ApiError;

fn object(request: &HttpRequest, doors: &Doors, caller: &Caller, schema: &Schema, id: i64) -> Result<Value, ApiError> {
    let question = schema.question(id).ok_or(Refusal::NotFound)?;
    let parameters = page::parameters(request);
    Ok(wire::read(schema.id, question, &doors.house.look, doors::reading(&parameters, caller)?))
}

/// The questions of a schema, grouped or not, by position.
#[utoipa::path(get, path = "/api/schemas/{schema}/questions", tag = "schemas", params(("schema" = i64, Path)),
    responses((status = 200, body = Vec<super::shapes::Question>), (status = 403, body = shown::Detail)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let schema = seen(&request, &doors, &caller).await?;
    let parameters = page::parameters(&request);
    let reading = doors::reading(&parameters, &caller)?;
    let questions = schema.questions.iter().map(|question| wire::read(schema.id, question, &doors.house.look, reading));
    Ok(selected(&request, StatusCode::OK, questions.collect()))
}

/// One question.
#[utoipa::path(get, path = "/api/schemas/{schema}/questions/{question}", tag = "schemas",
    params(("schema" = i64, Path), ("question" = i64, Path)),
    responses((status = 200, body = super::shapes::Question), (status = 404, body = shown::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let schema = seen(&request, &doors, &caller).await?;
    let id = asked(&request, &schema)?.id;
    Ok(selected(&request, StatusCode::OK, object(&request, &doors, &caller, &schema, id)?))
}

/// What is sent for a question: a new one, or one that takes the place of another.
struct Sent<'a> {
    body: &'a Map<String, Value>,
    id: Option<QuestionId>,
    partial: bool,
}

impl Sent<'_> {
    /// Puts the question into the schema, in its place or at the end; what is to hang on it comes back.
    fn put(&self, schema: &mut Schema) -> Result<(usize, Option<Vec<Hung>>), ApiError> {
        let place = schema.questions.iter().position(|question| Some(question.id) == self.id);
        if self.id.is_some() && place.is_none() {
            return Err(Refusal::NotFound.into());
        }
        let before = place.and_then(|place| schema.questions.get(place));
        let template = |id: i64| before?.attachments.iter().find(|template| template.id == id).cloned();
        let group = |value: &Value| group_named(schema, value);
        let around = Surroundings { before, partial: self.partial, group: &group, template: &template };
        let QuestionDraft { mut question, hung, mut errors, .. } =
            parts::question(self.body, &around, &mut Fresh::default());
        let kept = before.map(|before| before.attachments.clone()).unwrap_or_default();
        if self.partial {
            question.has_attachments = !kept.is_empty();
            question.attachments = kept;
        }
        if !errors.own.has("type") {
            errors.own.merge_weaker(rules::check_question(schema, &question));
        }
        check_answers(schema, &question, &mut errors);
        editing::fine(errors.into_tree())?;
        let place = place.unwrap_or(schema.questions.len());
        match schema.questions.get_mut(place) {
            Some(known) => *known = question,
            None => schema.questions.push(question),
        }
        editing::fine(rules::check_schema(schema))?;
        Ok((place, hung.or_else(|| (!self.partial).then(Vec::new))))
    }
}

/// Answers may lead to the question that is just being saved.
fn check_answers(schema: &Schema, question: &crate::domain::script::Question, errors: &mut QuestionErrors) {
    let mut whole = Schema { questions: schema.questions.clone(), ..Schema::default() };
    whole.questions.retain(|other| other.id != question.id);
    whole.questions.push(question.clone());
    let book = Book::of(&whole);
    errors.answers.resize_with(question.answers.len(), Default::default);
    for (own, more) in errors.answers.iter_mut().zip(book.answers(question)) {
        own.merge_weaker(more);
    }
}

fn group_named(schema: &Schema, value: &Value) -> Option<i64> {
    let mut groups = schema.groups.iter();
    let found = groups.find(|group| match value {
        Value::String(name) => group.name == *name,
        _ => value.as_i64() == Some(group.id),
    });
    found.map(|group| group.id)
}

/// Saves what was sent: once to see whether it is fine, then the files, then for good.
async fn save(request: &HttpRequest, doors: &Doors, caller: &Caller, sent: Sent<'_>) -> Result<Edited, ApiError> {
    let id = schema_of(request);
    let name = sent.id.is_none().then(|| editing::request_name(request, caller.account.id)).flatten();
    let mut first = editing::draft(doors, id).await?;
    let old = editing::files(&first);
    let hung = match sent.put(&mut first) {
        Ok((_, hung)) => hung,
        // a repeat of what is there clashes with itself; the road of changes knows it by its name
        Err(error) if name.is_none() => return Err(error),
        Err(_) => None,
    };
    let made = match hung {
        Some(hung) => Some(made(doors, hung).await?),
        None => None,
    };
    let edited = editing::edit(doors, id, name, |schema| {
        let (place, _) = sent.put(schema)?;
        let question = schema.questions.get_mut(place).ok_or(Refusal::NotFound)?;
        if let Some(templates) = &made {
            question.attachments.clone_from(templates);
            question.has_attachments = !templates.is_empty();
        }
        let qid = question.qid;
        Ok(Box::new(move |now: &Schema| now.by_qid(qid).map(|question| question.id)) as Made)
    });
    let edited = edited.await;
    let used = edited.as_ref().map(|edited| editing::files(&edited.schema)).unwrap_or_default();
    let made = made.iter().flatten().flat_map(Template::files);
    let unused = made.filter(|file| !used.contains(*file) && !old.contains(*file)).cloned().collect();
    editing::remove(doors, unused).await;
    edited
}

/// What is to hang on one question.
async fn made(doors: &Doors, hung: Vec<Hung>) -> Result<Vec<Template>, ApiError> {
    match editing::hang(doors, vec![hung]).await {
        Ok(mut all) => Ok(all.pop().unwrap_or_default()),
        Err(NotHung::Unavailable) => Err(Refusal::Unavailable.into()),
        Err(NotHung::Complaints(mut all)) => {
            let attachments = all.pop().unwrap_or_default();
            let errors = QuestionErrors { attachments, ..QuestionErrors::default() };
            Err(ApiError::fields(errors.into_tree()))
        }
    }
}

fn large(doors: &Doors) -> usize {
    doors.house.config.limits.body_bytes + doors.house.config.media.max_bytes / 3 * 4
}

/// Adds a question to a draft, with its answers and attachments.
#[utoipa::path(post, path = "/api/schemas/{schema}/questions", tag = "schemas",
    params(("schema" = i64, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = super::shapes::NewQuestion,
    responses((status = 201, body = super::shapes::Question), (status = 400, body = shown::FieldErrors),
              (status = 403, body = shown::Detail), (status = 409, body = shown::Detail)))]
pub async fn add(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    superuser(&caller)?;
    let body = body::large(payload, large(&doors)).await?;
    let Edited { schema, made } =
        save(&request, &doors, &caller, Sent { body: &body, id: None, partial: false }).await?;
    let object = object(&request, &doors, &caller, &schema, part(made, i64::MAX))?;
    Ok(selected(&request, StatusCode::CREATED, object))
}

/// Changes a question of a draft (PATCH), or replaces it with its answers and attachments (PUT). A list of answers or
/// attachments that is sent takes the place of the old one; items that carry a number stay the same.
#[utoipa::path(patch, path = "/api/schemas/{schema}/questions/{question}", tag = "schemas",
    params(("schema" = i64, Path), ("question" = i64, Path)), request_body = super::shapes::NewQuestion,
    responses((status = 200, body = super::shapes::Question), (status = 400, body = shown::FieldErrors),
              (status = 403, body = shown::Detail), (status = 404, body = shown::Detail)))]
pub async fn change(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    superuser(&caller)?;
    let (id, partial) = (question_of(&request), partial(&request));
    let body = body::large(payload, large(&doors)).await?;
    let edited = save(&request, &doors, &caller, Sent { body: &body, id: Some(id), partial }).await?;
    Ok(selected(&request, StatusCode::OK, object(&request, &doors, &caller, &edited.schema, id)?))
}

/// Removes a question from a draft. What leads to it leads nowhere then, which publishing complains of.
#[utoipa::path(delete, path = "/api/schemas/{schema}/questions/{question}", tag = "schemas",
    params(("schema" = i64, Path), ("question" = i64, Path)),
    responses((status = 204), (status = 403, body = shown::Detail), (status = 404, body = shown::Detail)))]
pub async fn delete(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    superuser(&caller)?;
    let id = question_of(&request);
    let edited = editing::edit(&doors, schema_of(&request), None, |schema| {
        editing::question(schema, id)?;
        schema.questions.retain(|question| question.id != id);
        Ok(editing::nothing_new())
    });
    edited.await?;
    Ok(HttpResponse::NoContent().finish())
}
