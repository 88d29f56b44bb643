//! stub
use crate::domain::{FieldErrors, Refusal};
use crate::store::StoreError;
#[derive(Debug)]
pub struct ApiError;
impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "x")
    }
}
impl actix_web::ResponseError for ApiError {}
impl From<Refusal> for ApiError {
    fn from(_: Refusal) -> Self {
        ApiError
    }
}
impl From<StoreError> for ApiError {
    fn from(_: StoreError) -> Self {
        ApiError
    }
}
impl ApiError {
    pub fn method_not_allowed(_: &str) -> Self {
        ApiError
    }
    pub fn bad_request(_: &str) -> Self {
        ApiError
    }
    pub fn too_large(_: usize) -> Self {
        ApiError
    }
    pub fn json_parse(_: &str) -> Self {
        ApiError
    }
    pub fn fields(_: FieldErrors) -> Self {
        ApiError
    }
    pub fn body_of_fields(_: serde_json::Value) -> Self {
        ApiError
    }
    pub fn is_not_found(&self) -> bool {
        false
    }
}
