//! stub
use crate::domain::Account;
use std::sync::Arc;
pub struct Caller {
    pub account: Arc<Account>,
}
impl actix_web::FromRequest for Caller {
    type Error = actix_web::Error;
    type Future = std::future::Ready<Result<Self, Self::Error>>;
    fn from_request(_: &actix_web::HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        std::future::ready(Err(actix_web::error::ErrorUnauthorized("x")))
    }
}
