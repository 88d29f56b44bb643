//! Headers that every answer carries, and the id by which a request is found in the logs.

use std::time::Instant;

use actix_web::ResponseError;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use tracing::Instrument;

use super::entry::keys::hex;
use super::error::ApiError;

/// What pages of this server may load: their own things, pictures, and sockets.
const PAGES: &str = "default-src 'self'; img-src 'self' data: blob: https:; connect-src 'self' ws: wss:; \
                     style-src 'self'; script-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'self'";
/// The interface's browsable page brings styles of its own in its elements.
const DOCS: &str = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; \
                    script-src 'self' 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'self'";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest request id taken from outside.
const MAX_ID: usize = 64;

/// The id that came with the request, if it is harmless, or a new one.
fn request_id(request: &ServiceRequest) -> String {
    let sent = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let harmless = |id: &&str| {
        !id.is_empty() && id.len() <= MAX_ID && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    match sent.filter(harmless) {
        Some(id) => id.to_owned(),
        None => hex(&rand::random::<[u8; 8]>()),
    }
}

/// Whether a body for the API says that it is something else than JSON or a form with files.
fn speaks_otherwise(request: &ServiceRequest) -> bool {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let known = kind.is_empty() || kind.starts_with("application/json") || kind.starts_with("multipart/form-data");
    request.path().starts_with("/api/") && !request.method().is_safe() && !known
}

/// Refuses bodies of types that the API does not read. The refusal is an answer, not an error, and comes from inside of
/// [`guard`] and CORS, so that it carries their headers.
pub async fn known_types<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    if speaks_otherwise(&request) {
        let detail = "Write application/json, or multipart/form-data where files are taken.";
        let error = ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail, "unsupported_media_type");
        return Ok(request.into_response(error.error_response()).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

/// Wraps every request: an id in, out and in the logs, security headers, one line when it is done. The line has the path
/// and never the query, where tickets stand.
pub async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let id = request_id(&request);
    let (method, path) = (request.method().clone(), request.path().to_owned());
    let span = tracing::info_span!("request", id = %id, %method, path = %path);
    let began = Instant::now();
    let called = next.call(request).instrument(span.clone()).await;
    let mut response = match called {
        Ok(response) => response,
        Err(error) => {
            span.in_scope(|| tracing::debug!(%error, "refused"));
            return Err(error);
        }
    };
    let status = response.status().as_u16();
    span.in_scope(|| {
        let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        if status == 500 {
            tracing::error!(status, took, "failed");
        } else {
            tracing::debug!(status, took, "done");
        }
    });
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        let policy = if path.starts_with("/api/docs") { DOCS } else { PAGES };
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin"));
    Ok(response)
}
