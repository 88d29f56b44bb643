//! Bodies: JSON objects, and multipart bodies that carry files (specification of the API, "base64 or multipart").

use actix_multipart::Multipart;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::StreamExt;
use serde_json::{Map, Value};

use crate::actors::House;
use crate::domain::attachment::{AttachmentForm, Kind};
use crate::domain::form;
use crate::web::error::ApiError;

/// Parts of a multipart body at most.
const MAX_PARTS: usize = 32;

/// A body that was read.
#[derive(Debug, Default)]
pub struct Body {
    /// The JSON object.
    pub object: Map<String, Value>,
    /// Files of a multipart body.
    pub files: Vec<AttachmentForm>,
}

/// Reads a JSON body of at most `limit` bytes. An absent body is an empty object.
pub async fn json(payload: &mut web::Payload, limit: usize) -> Result<Map<String, Value>, ApiError> {
    parse(&raw(payload, limit).await?)
}

/// The same of a body that may be large: it is parsed away from the threads that serve others.
pub async fn large(mut payload: web::Payload, limit: usize) -> Result<Map<String, Value>, ApiError> {
    let bytes = raw(&mut payload, limit).await?;
    web::block(move || parse(&bytes)).await.map_err(|_| ApiError::unavailable("The server is stopping."))?
}

/// The bytes of a body, at most `limit`.
pub async fn raw(payload: &mut web::Payload, limit: usize) -> Result<web::BytesMut, ApiError> {
    let mut bytes = web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| ApiError::bad_request(&format!("The body could not be read: {error}.")))?;
        if bytes.len() + chunk.len() > limit {
            return Err(ApiError::too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn parse(bytes: &[u8]) -> Result<Map<String, Value>, ApiError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    let value: Value = serde_json::from_slice(bytes).map_err(|error| ApiError::json_parse(&error.to_string()))?;
    match value {
        Value::Object(object) => Ok(object),
        other => Err(match form::object(&other) {
            Err(errors) => ApiError::fields(errors),
            Ok(_) => ApiError::json_parse("an object was expected"),
        }),
    }
}

/// The largest JSON body when files may be in it as base64.
fn limit_with_files(house: &House) -> usize {
    house.config.limits.body_bytes + house.config.media.max_bytes / 3 * 4 + 4
}

/// Reads a body that may carry files: JSON with base64 inside, or multipart with a part `payload` (the JSON) and a part
/// `file` for each file.
pub async fn with_files(request: &HttpRequest, payload: web::Payload, house: &House) -> Result<Body, ApiError> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.starts_with("multipart/form-data") {
        return multipart(request, payload, house).await;
    }
    let mut payload = payload;
    let object = json(&mut payload, limit_with_files(house)).await?;
    Ok(Body { object, files: Vec::new() })
}

async fn multipart(request: &HttpRequest, payload: web::Payload, house: &House) -> Result<Body, ApiError> {
    let mut payload = payload.into_inner();
    let unreadable =
        |error: &dyn std::fmt::Display| ApiError::bad_request(&format!("The body could not be read: {error}."));
    let mut parts = Multipart::from_request(request, &mut payload).await.map_err(|error| unreadable(&error))?;
    let mut body = Body::default();
    let mut room = house.config.media.max_bytes + house.config.limits.body_bytes;
    let limit = room;
    let mut count = 0;
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(|error| unreadable(&error))?;
        count += 1;
        if count > MAX_PARTS {
            return Err(ApiError::bad_request("The body has too many parts."));
        }
        let name = part.name().unwrap_or_default().to_owned();
        let file_name = part.content_disposition().and_then(|it| it.get_filename()).unwrap_or_default().to_owned();
        let mut bytes = Vec::new();
        while let Some(chunk) = part.next().await {
            let chunk = chunk.map_err(|error| unreadable(&error))?;
            room = room.checked_sub(chunk.len()).ok_or_else(|| ApiError::too_large(limit))?;
            bytes.extend_from_slice(&chunk);
        }
        match name.as_str() {
            "payload" => body.object.extend(parse(&bytes)?),
            "file" => {
                let kind = if infer::is_image(&bytes) { Kind::Image } else { Kind::File };
                body.files.push(AttachmentForm::of_file(file_name, bytes, kind));
            }
            // a plain form field
            _ => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                body.object.insert(name, Value::String(text));
            }
        }
    }
    Ok(body)
}
