//! Bodies of the bots' REST API: JSON, forms, and multipart (bots contract, 2).

use actix_multipart::Multipart;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::StreamExt;
use serde_json::{Map, Value};

use crate::web::api::body;
use crate::web::error::ApiError;

/// Parts of a multipart body at most.
const MAX_PARTS: usize = 64;

/// Reads a body that must be an object.
pub(super) async fn object(
    request: &HttpRequest,
    payload: web::Payload,
    limit: usize,
) -> Result<Map<String, Value>, ApiError> {
    match value(request, payload, limit).await? {
        Value::Object(object) => Ok(object),
        Value::Null => Ok(Map::new()),
        _ => Err(super::fields::complaint("non_field_errors", "Invalid data. Expected a dictionary.")),
    }
}

/// Reads a body of any kind: JSON as it is, the fields of a form as an object.
pub(super) async fn value(request: &HttpRequest, payload: web::Payload, limit: usize) -> Result<Value, ApiError> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.starts_with("multipart/form-data") {
        return multipart(request, payload, limit).await;
    }
    let is_form = kind.starts_with("application/x-www-form-urlencoded");
    let mut payload = payload;
    let bytes = body::raw(&mut payload, limit).await?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Null);
    }
    if is_form { Ok(Value::Object(form(&bytes))) } else { json(&bytes) }
}

/// Parses JSON; an error is told in the words of the reference.
pub(super) fn json(bytes: &[u8]) -> Result<Value, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| ApiError::json_parse(&in_python(bytes, &error)))
}

/// What Python's parser says of the same fault.
fn in_python(bytes: &[u8], error: &serde_json::Error) -> String {
    let words = error.to_string();
    let what = if words.starts_with("trailing comma") || words.starts_with("key must be") {
        "Expecting property name enclosed in double quotes"
    } else if words.starts_with("expected `:`") {
        "Expecting ':' delimiter"
    } else if words.starts_with("expected `,`") {
        "Expecting ',' delimiter"
    } else if words.starts_with("trailing characters") {
        "Extra data"
    } else {
        "Expecting value"
    };
    let (line, column) = (error.line().max(1), error.column().max(1));
    let before: usize = bytes.split(|byte| *byte == b'\n').take(line - 1).map(|line| line.len() + 1).sum();
    format!("{what}: line {line} column {column} (char {})", before + column - 1)
}

/// The fields of a form; of a repeated one the last counts.
fn form(bytes: &[u8]) -> Map<String, Value> {
    let fields = pairs(bytes);
    fields.into_iter().map(|(name, value)| (name, Value::String(value))).collect()
}

fn pairs(bytes: &[u8]) -> Vec<(String, String)> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Vec::new() };
    web::Query::<Vec<(String, String)>>::from_query(text.trim()).map(web::Query::into_inner).unwrap_or_default()
}

/// A form as a JSON object.
pub(super) fn form_value(bytes: &[u8]) -> Result<Value, Option<ApiError>> {
    Ok(Value::Object(form(bytes)))
}

async fn multipart(request: &HttpRequest, payload: web::Payload, limit: usize) -> Result<Value, ApiError> {
    let mut payload = payload.into_inner();
    let unreadable =
        |error: &dyn std::fmt::Display| ApiError::bad_request(&format!("The body could not be read: {error}."));
    let mut parts = Multipart::from_request(request, &mut payload).await.map_err(|error| unreadable(&error))?;
    let (mut object, mut room, mut count) = (Map::new(), limit, 0);
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(|error| unreadable(&error))?;
        count += 1;
        if count > MAX_PARTS {
            return Err(ApiError::bad_request("The body has too many parts."));
        }
        let name = part.name().unwrap_or_default().to_owned();
        let mut bytes = Vec::new();
        while let Some(chunk) = part.next().await {
            let chunk = chunk.map_err(|error| unreadable(&error))?;
            room = room.checked_sub(chunk.len()).ok_or_else(|| ApiError::too_large(limit))?;
            bytes.extend_from_slice(&chunk);
        }
        object.insert(name, Value::String(String::from_utf8_lossy(&bytes).into_owned()));
    }
    Ok(Value::Object(object))
}
