//! `/api`: threads, members, messages, attachments, search, subscriptions (contract, 4 to 8, 12, 15.4).
//!
//! Handlers are thin: read the body, check the right to look, hand a command to the caller's seat
//! ([`actors::act`](crate::actors::act)), read back what is true now, write the object. What may happen is decided in
//! [`domain`](crate::domain); complaints become bodies in [`error`](crate::web::error).
//!
//! - [`body`]: JSON and multipart bodies. [`page`]: limit and offset. [`select`]: `?fields=`. [`filter`]: columns.
//! - [`objects`]: the objects that leave, for the caller who asks.
//! - The other modules are the resources, named as their paths.

pub mod admin;
pub mod attachments;
pub mod body;
pub mod clock;
pub mod columns;
pub mod filter;
pub mod jobs;
pub mod members;
pub mod messages;
mod named;
pub mod notifications;
pub mod objects;
pub mod page;
pub mod results;
pub mod schema;
mod schema_notifications;
mod schema_surveys;
pub mod schemas;
pub mod scripts;
pub mod search;
pub mod select;
pub mod subscriptions;
pub mod survey_attachments;
pub mod survey_items;
pub mod surveys;
pub mod threads;

use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::{AccountId, MessageId, ThreadId};
use crate::web::entry::Caller;
use crate::web::error::ApiError;

pub use objects::thread_object;

/// An answer of a handler.
pub type Answer = Result<HttpResponse, ApiError>;

/// Declares the routes; a method that a path does not have is answered 405.
pub fn routes(config: &mut web::ServiceConfig) {
    let other = || web::route().to(method_not_allowed);
    config
        .service(
            web::resource(r"/api/accounts/{account:\d+}/threads/{kind:[^/]+}")
                .route(web::get().to(threads::list))
                .route(web::post().to(threads::create))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/threads/{thread:\d+}")
                .route(web::get().to(threads::read))
                .route(web::patch().to(threads::change))
                .route(web::put().to(threads::change))
                .route(web::delete().to(threads::leave))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/threads/{thread:\d+}/users")
                .route(web::get().to(members::list))
                .route(web::post().to(members::add))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/threads/{thread:\d+}/users/{user:\d+}")
                .route(web::get().to(members::read))
                .route(web::patch().to(members::change))
                .route(web::put().to(members::put))
                .route(web::delete().to(members::remove))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/threads/{thread:\d+}/ws-subscribe")
                .route(web::post().to(subscriptions::subscribe))
                .route(web::delete().to(subscriptions::unsubscribe))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/threads/{thread:\d+}/read")
                .route(web::post().to(messages::read_upto))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/admin/threads/{thread:\d+}/members/{user:\d+}")
                .route(web::put().to(admin::put_member))
                .default_service(other()),
        )
        .service(web::resource("/api/search").route(web::get().to(search::search)).default_service(other()));
    message_routes(config);
    survey_routes(config);
    script_routes(config);
    schemas::routes(config);
}

fn script_routes(config: &mut web::ServiceConfig) {
    let other = || web::route().to(method_not_allowed);
    config
        .service(
            web::resource(r"/api/threads/{thread:\d+}/users/{user:\d+}/script")
                .route(web::get().to(scripts::read))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/threads/{thread:\d+}/rollback")
                .route(web::post().to(scripts::roll_back))
                .default_service(other()),
        )
        .service(web::resource("/api/admin/clock").route(web::post().to(clock::turn)).default_service(other()));
}

fn message_routes(config: &mut web::ServiceConfig) {
    let other = || web::route().to(method_not_allowed);
    config
        .service(
            web::resource(r"/api/threads/{thread:\d+}/messages")
                .route(web::get().to(messages::list))
                .route(web::post().to(messages::create))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/threads/{thread:\d+}/messages/{message:\d+}")
                .route(web::get().to(messages::read))
                .route(web::patch().to(messages::edit))
                .route(web::put().to(messages::edit))
                .route(web::delete().to(messages::delete))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/threads/{thread:\d+}/messages/{message:\d+}/attachments")
                .route(web::get().to(attachments::list))
                .route(web::post().to(attachments::create))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/threads/{thread:\d+}/messages/{message:\d+}/attachments/{attachment:\d+}")
                .route(web::get().to(attachments::read))
                .route(web::patch().to(attachments::change))
                .route(web::put().to(attachments::change))
                .route(web::delete().to(attachments::delete))
                .default_service(other()),
        );
}

fn survey_routes(config: &mut web::ServiceConfig) {
    let other = || web::route().to(method_not_allowed);
    config
        .service(
            web::resource(r"/api/accounts/{account:\d+}/surveys")
                .route(web::get().to(surveys::list_own))
                .route(web::post().to(surveys::create))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/schemas/{schema:\d+}/results")
                .route(web::get().to(results::read))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/schemas/{schema:\d+}/results.csv")
                .route(web::get().to(results::csv))
                .default_service(other()),
        )
        .service(web::resource("/api/surveys").route(web::get().to(surveys::list)).default_service(other()))
        .service(
            web::resource(r"/api/surveys/{survey:\d+}")
                .route(web::get().to(surveys::read))
                .route(web::patch().to(surveys::change))
                .route(web::put().to(surveys::change))
                .route(web::delete().to(surveys::delete))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/surveys/{survey:\d+}/items")
                .route(web::get().to(survey_items::list))
                .route(web::post().to(survey_items::create))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/surveys/{survey:\d+}/items/{item:\d+}")
                .route(web::get().to(survey_items::read))
                .route(web::patch().to(survey_items::change))
                .route(web::put().to(survey_items::change))
                .route(web::delete().to(survey_items::delete))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/surveys/{survey:\d+}/items/{item:\d+}/attachments")
                .route(web::get().to(survey_attachments::list))
                .route(web::post().to(survey_attachments::create))
                .default_service(other()),
        )
        .service(
            web::resource(r"/api/surveys/{survey:\d+}/items/{item:\d+}/attachments/{attachment:\d+}")
                .route(web::get().to(survey_attachments::read))
                .route(web::patch().to(survey_attachments::change))
                .route(web::put().to(survey_attachments::change))
                .route(web::delete().to(survey_attachments::delete))
                .default_service(other()),
        );
}

/// A method that the path does not have. Who is nobody hears that first.
async fn method_not_allowed(request: HttpRequest, _caller: Caller) -> Answer {
    Err(ApiError::method_not_allowed(request.method().as_str()))
}

/// A number in a path. One that is too large for any id stands for nothing, like one that was never given.
fn number(request: &HttpRequest, name: &str) -> i64 {
    request.match_info().query(name).parse().unwrap_or(i64::MAX)
}

fn thread_of(request: &HttpRequest) -> ThreadId {
    number(request, "thread")
}

fn user_of(request: &HttpRequest) -> AccountId {
    number(request, "user")
}

fn message_of(request: &HttpRequest) -> MessageId {
    number(request, "message")
}
