//! What the answers to a schema add up to, as JSON and as CSV, for those who work at the desk.

use std::sync::Arc;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, ETAG, IF_NONE_MATCH};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Map, Value, json};

use super::page::{Parameters, parameters};
use super::threads::selected;
use super::{Answer, surveys};
use crate::actors::House;
use crate::domain::form::Form;
use crate::domain::script::results::{Response, Results, Tally, Window, table};
use crate::domain::script::{Schema, wire};
use crate::domain::{FieldErrors, Refusal, text};
use crate::store::results::{Cursor, Wanted};
use crate::store::{Connection, StoreError, accounts, results};
use crate::web::Doors;
use crate::web::entry::Caller;
use crate::web::error::ApiError;

/// Texts of each question, unless another number is asked for.
const TEXTS: usize = 20;
/// The most texts of each question in one answer.
const MAX_TEXTS: usize = 100;
/// The most newer texts that are left out.
const MAX_OFFSET: usize = 1_000;
/// The most responses that one answer counts; beyond it `truncated` is true.
const MAX_RESPONSES: u64 = 200_000;

/// What was asked for.
struct Asked {
    schema: Arc<Schema>,
    wanted: Wanted,
    window: Window,
    parameters: Parameters,
}

/// The schema of the path and what the parameters ask for; who does not work here hears of neither.
async fn asked(request: &HttpRequest, house: &House, caller: &Caller) -> Result<Asked, ApiError> {
    if !caller.account.role.works_at_the_desk() {
        return Err(Refusal::Forbidden.into());
    }
    let parameters = parameters(request);
    let schema = surveys::schema(house, Some(super::number(request, "schema"))).await?.ok_or(Refusal::NotFound)?;
    let (wanted, window) = wanted(&parameters).map_err(ApiError::fields)?;
    Ok(Asked { schema, wanted, window, parameters })
}

fn wanted(parameters: &Parameters) -> Result<(Wanted, Window), FieldErrors> {
    let body: Map<String, Value> =
        parameters.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect();
    let mut form = Form::new(&body);
    let sources = |name: &str| match name {
        "surveys" => Some((true, false)),
        "runs" => Some((false, true)),
        "all" => Some((true, true)),
        _ => None,
    };
    let chosen = form.choice("source", sources);
    let (surveys, runs) = chosen.unwrap_or((true, true));
    let (from, to) = (form.instant("from"), form.instant("to"));
    let mut number = |name: &str, usual: usize, most: usize| match form.integer(name).map(usize::try_from) {
        None => usual,
        Some(Ok(number)) => number.min(most),
        Some(Err(_)) => {
            form.complain(name, "Ensure this value is greater than or equal to 0.");
            usual
        }
    };
    let window =
        Window { offset: number("texts_offset", 0, MAX_OFFSET), limit: number("texts_limit", TEXTS, MAX_TEXTS) };
    if form.errors.is_empty() { Ok((Wanted { surveys, runs, from, to }, window)) } else { Err(form.errors) }
}

/// The next page of responses.
async fn next(
    house: &House,
    schema: &Arc<Schema>,
    wanted: Wanted,
    cursor: Cursor,
) -> Result<Option<(Vec<Response>, Cursor)>, StoreError> {
    let schema = schema.clone();
    house.store.read(move |connection| results::page(connection, &schema, wanted, cursor)).await
}

/// Everything counted, and whether there was more than is counted at once.
async fn tally(house: &House, asked: &Asked) -> Result<(Results, bool), ApiError> {
    let mut tally = Tally::new(&asked.schema, asked.window);
    let mut cursor = Cursor::default();
    while let Some((responses, further)) = next(house, &asked.schema, asked.wanted, cursor).await? {
        responses.iter().for_each(|response| tally.add(response));
        cursor = further;
        if tally.count() >= MAX_RESPONSES {
            return Ok((tally.results(), true));
        }
    }
    Ok((tally.results(), false))
}

/// What the answers to a schema add up to. With an `ETag`: asked again with `If-None-Match`, it is 304 as long as
/// nothing was answered.
#[utoipa::path(get, path = "/api/schemas/{schema}/results", tag = "surveys",
    params(("schema" = i64, Path), ("source" = Option<String>, Query), ("from" = Option<String>, Query),
           ("to" = Option<String>, Query), ("texts_offset" = Option<i64>, Query), ("texts_limit" = Option<i64>, Query),
           ("fields" = Option<String>, Query), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = super::survey_shapes::Results), (status = 304), (status = 400, body = super::schema::FieldErrors),
              (status = 403, body = super::schema::Detail), (status = 404, body = super::schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let house = &doors.house;
    let asked = asked(&request, house, &caller).await?;
    let id = asked.schema.id;
    // marked before it is read: what is answered meanwhile makes the next mark another one
    let mark = house.store.read(move |connection| results::mark(connection, id)).await?;
    let tag = format!("W/\"{mark}\"");
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if known.split(',').any(|one| one.trim() == tag) {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, tag)).finish());
    }
    let (mut results, truncated) = tally(house, &asked).await?;
    if house.look.escape {
        escape(&mut results);
    }
    let mut object = serde_json::to_value(&results).map_err(|error| StoreError::Broken(error.to_string()))?;
    if let Value::Object(fields) = &mut object {
        fields.insert("schema".into(), wire::summary(&asked.schema));
        fields.insert("truncated".into(), json!(truncated));
    }
    let mut response = selected(&request, StatusCode::OK, object);
    if let Ok(tag) = header::HeaderValue::from_str(&tag) {
        response.headers_mut().insert(ETAG, tag);
        response.headers_mut().insert(CACHE_CONTROL, header::HeaderValue::from_static("private, no-cache"));
    }
    Ok(response)
}

/// Texts of strangers leave escaped, as in messages and items.
fn escape(results: &mut Results) {
    let texts = results.questions.iter_mut().filter_map(|asked| asked.texts.as_mut());
    for written in texts.flat_map(|texts| texts.results.iter_mut()) {
        written.text = text::escape(&written.text).into_owned();
    }
}

/// The same as a table: `kind=answers` has a line for each response, `kind=summary` one for each question and answer.
#[utoipa::path(get, path = "/api/schemas/{schema}/results.csv", tag = "surveys",
    params(("schema" = i64, Path), ("kind" = Option<String>, Query), ("source" = Option<String>, Query),
           ("from" = Option<String>, Query), ("to" = Option<String>, Query)),
    responses((status = 200, content_type = "text/csv", body = String), (status = 400, body = super::schema::FieldErrors),
              (status = 403, body = super::schema::Detail), (status = 404, body = super::schema::Detail)))]
pub async fn csv(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let house = doors.house.clone();
    let asked = asked(&request, &house, &caller).await?;
    let kind = asked.parameters.get("kind").map_or("answers", String::as_str);
    let name = format!("attachment; filename=\"results-{}-{kind}.csv\"", asked.schema.id);
    let mut response = HttpResponse::Ok();
    response.content_type("text/csv; charset=utf-8");
    match kind {
        "summary" => {
            let (results, _) = tally(&house, &asked).await?;
            let table = format!("{}{}", table::BOM, table::summary(&results));
            Ok(response.insert_header((CONTENT_DISPOSITION, name)).body(table))
        }
        "answers" => {
            let head = format!("{}{}", table::BOM, table::answers_head(&asked.schema));
            let lines = Lines { house, schema: asked.schema, wanted: asked.wanted, cursor: Cursor::default() };
            let rest = stream::try_unfold(lines, Lines::next);
            let all = futures_util::StreamExt::chain(stream::iter([Ok(Bytes::from(head))]), rest);
            Ok(response.insert_header((CONTENT_DISPOSITION, name)).streaming(all))
        }
        other => Err(Refusal::field("kind", format!("\"{other}\" is not a valid choice.")).into()),
    }
}

/// The lines still to be sent: one page is in memory at a time.
struct Lines {
    house: House,
    schema: Arc<Schema>,
    wanted: Wanted,
    cursor: Cursor,
}

impl Lines {
    /// The next lines. An error in the middle cuts the answer off, so that nobody takes a part for the whole.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, StoreError> {
        let Some((responses, further)) = next(&self.house, &self.schema, self.wanted, self.cursor).await? else {
            return Ok(None);
        };
        self.cursor = further;
        let ids: Vec<i64> = responses.iter().map(|response| response.account).collect();
        let names = move |connection: &mut Connection| accounts::many(connection, &ids);
        let known = self.house.store.read(names).await?;
        let mut lines = String::new();
        for response in &responses {
            let name = known.iter().find(|account| account.id == response.account).map(|account| account.full_name());
            lines.push_str(&table::answers_line(&self.schema, response, &name.unwrap_or_default()));
        }
        Ok(Some((Bytes::from(lines), self)))
    }
}
