//! Refusals as HTTP answers, in one place (contract, 1; design, part 7).

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Value, json};

use crate::domain::{FieldErrors, Refusal};
use crate::store::StoreError;

/// Seconds after which a client may try again when the server has too much to do.
const RETRY_SECONDS: u64 = 1;

/// An answer that is not what was asked for.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    body: Value,
    retry_after: Option<u64>,
}

impl ApiError {
    /// A status with a sentence for people and a name for programs.
    pub fn new(status: StatusCode, detail: &str, code: &str) -> Self {
        Self { status, body: json!({"detail": detail, "code": code}), retry_after: None }
    }

    /// 401: nobody is signed in.
    pub fn not_authenticated() -> Self {
        let detail = "Authentication credentials were not provided.";
        Self::new(StatusCode::UNAUTHORIZED, detail, "not_authenticated")
    }

    /// 401: what was presented is not good (any more).
    pub fn bad_credentials(detail: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail, "bad_credentials")
    }

    /// 400 with a sentence.
    pub fn bad_request(detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail, "bad_request")
    }

    /// 400: the body is no JSON.
    pub fn json_parse(detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, &format!("JSON parse error - {detail}"), "parse_error")
    }

    /// 400 with complaints by field.
    pub fn fields(errors: FieldErrors) -> Self {
        Self::from(Refusal::Invalid(errors))
    }

    /// 400 with complaints that are JSON already.
    pub fn body_of_fields(body: Value) -> Self {
        Self { status: StatusCode::BAD_REQUEST, body, retry_after: None }
    }

    /// 405.
    pub fn method_not_allowed(method: &str) -> Self {
        let detail = format!("Method \"{method}\" not allowed.");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, &detail, "method_not_allowed")
    }

    /// 413, with the limit in bytes.
    pub fn too_large(limit: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, &format!("The body is larger than {limit} bytes."), "too_large")
    }

    /// 429, with the seconds to wait.
    pub fn too_many(retry_after: u64) -> Self {
        let detail = format!("Too many requests. Retry in {retry_after} seconds.");
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, &detail, "too_many_requests");
        Self { retry_after: Some(retry_after), ..error }
    }

    /// 503: the server is full, stopping, or cannot store.
    pub fn unavailable(detail: &str) -> Self {
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, detail, "unavailable");
        Self { retry_after: Some(RETRY_SECONDS), ..error }
    }

    /// A status with a body that is JSON already.
    pub fn with_body(status: StatusCode, body: Value) -> Self {
        Self { status, body, retry_after: None }
    }

    /// The sentence for people.
    pub fn detail(&self) -> Option<String> {
        self.body.get("detail").and_then(Value::as_str).map(str::to_owned)
    }

    /// Whether it says that something is not there.
    pub fn is_not_found(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.status, self.body)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(seconds) = self.retry_after {
            response.insert_header((RETRY_AFTER, seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header((WWW_AUTHENTICATE, "Token"));
        }
        response.json(&self.body)
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let status = match &refusal {
            Refusal::Invalid(errors) => return Self::body_of_fields(json!(errors)),
            Refusal::Forbidden => StatusCode::FORBIDDEN,
            Refusal::NotFound => StatusCode::NOT_FOUND,
            Refusal::Clash => StatusCode::CONFLICT,
            Refusal::Busy { .. } | Refusal::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        };
        let error = Self::new(status, refusal.detail(), refusal.code());
        let retry_after = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_SECONDS);
        Self { retry_after, ..error }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing => Refusal::NotFound.into(),
            StoreError::Full => Refusal::Busy { retry_after: 1_000 }.into(),
            StoreError::Conflict(what) => {
                tracing::info!(%what, "a conflict in the store");
                Self::new(StatusCode::CONFLICT, "It exists already.", "conflict")
            }
            StoreError::Broken(why) => {
                tracing::error!(%why, "the store failed");
                Refusal::Unavailable.into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_status() {
        let table = [
            (Refusal::Forbidden, 403),
            (Refusal::NotFound, 404),
            (Refusal::Clash, 409),
            (Refusal::Busy { retry_after: 1 }, 503),
            (Refusal::Unavailable, 503),
            (Refusal::field("a", "B"), 400),
        ];
        for (refusal, status) in table {
            let response = ApiError::from(refusal).error_response();
            assert_eq!(response.status().as_u16(), status);
            assert_eq!(response.headers().contains_key(RETRY_AFTER), status == 503);
        }
    }
}
