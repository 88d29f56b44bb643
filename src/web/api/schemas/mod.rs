//! Schemas: what scripts ask and surveys collect (contract, 13).
//!
//! Everybody who is signed in may list and read what is published, of the types that the settings name. The people at
//! the desk may read all; superusers make, change and publish.
//!
//! - [`doors`]: lists and single schemas, also those of the contract. [`filter`]: the columns of lists.
//! - [`drafts`]: making, replacing, changing and deleting a whole draft. [`parts`]: its groups, answers; [`questions`]
//!   and [`hanging`]: its questions and what hangs on them.
//! - [`life`]: publish, deprecate, copy, check. [`file`]: export and import. [`preview`]: a walk without anybody in it,
//!   and where those are who are.
//! - [`editing`]: the road of every change.

pub mod doors;
pub mod drafts;
pub mod editing;
pub mod file;
mod filter;
pub mod hanging;
pub mod life;
pub mod parts;
pub mod preview;
pub mod questions;
pub mod shapes;

use actix_web::{HttpRequest, web};

use super::{method_not_allowed, number};
use crate::domain::script::{QuestionId, SchemaId};
use crate::domain::{Refusal, Role};
use crate::web::entry::Caller;
use crate::web::error::ApiError;

/// Declares the routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    let other = || web::route().to(method_not_allowed);
    let one = r"/api/schemas/{schema:\d+}";
    config
        .service(
            web::resource("/api/schemas")
                .route(web::get().to(doors::list))
                .route(web::post().to(drafts::create))
                .default_service(other()),
        )
        .service(
            web::resource("/api/schemas/import")
                .route(web::post().to(file::import))
                .route(web::get().to(doors::list_type))
                .default_service(other()),
        )
        .service(
            web::resource(one)
                .route(web::get().to(doors::read))
                .route(web::put().to(drafts::replace))
                .route(web::patch().to(drafts::change))
                .route(web::delete().to(drafts::delete))
                .default_service(web::route().to(doors::other_method)),
        )
        .service(
            web::resource(r"/api/schemas/{kind:[^/]+}")
                .route(web::get().to(doors::list_type))
                .default_service(web::route().to(doors::other_method_of_list)),
        );
    let action = |name: &str| web::resource(format!("{one}/{name}")).default_service(other());
    config
        .service(action("publish").route(web::post().to(life::publish)))
        .service(action("deprecate").route(web::post().to(life::deprecate)))
        .service(action("copy").route(web::post().to(life::copy)))
        .service(action("check").route(web::get().to(life::check)).route(web::post().to(life::check)))
        .service(action("export").route(web::get().to(file::export)))
        .service(action("preview").route(web::post().to(preview::preview)))
        .service(action("positions").route(web::get().to(preview::positions)));
    part_routes(config);
}

fn part_routes(config: &mut web::ServiceConfig) {
    let one = r"/api/schemas/{schema:\d+}";
    let resource =
        |path: &str| web::resource(format!("{one}/{path}")).default_service(web::route().to(method_not_allowed));
    config
        .service(resource("groups").route(web::get().to(parts::list_groups)).route(web::post().to(parts::add_group)))
        .service(
            resource(r"groups/{group:\d+}")
                .route(web::get().to(parts::read_group))
                .route(web::put().to(parts::change_group))
                .route(web::patch().to(parts::change_group))
                .route(web::delete().to(parts::delete_group)),
        )
        .service(resource("questions").route(web::get().to(questions::list)).route(web::post().to(questions::add)))
        .service(
            resource(r"questions/{question:\d+}")
                .route(web::get().to(questions::read))
                .route(web::put().to(questions::change))
                .route(web::patch().to(questions::change))
                .route(web::delete().to(questions::delete)),
        )
        .service(
            resource(r"questions/{question:\d+}/answers")
                .route(web::get().to(parts::list_answers))
                .route(web::post().to(parts::add_answer)),
        )
        .service(
            resource(r"questions/{question:\d+}/answers/{answer:\d+}")
                .route(web::get().to(parts::read_answer))
                .route(web::put().to(parts::change_answer))
                .route(web::patch().to(parts::change_answer))
                .route(web::delete().to(parts::delete_answer)),
        )
        .service(
            resource(r"questions/{question:\d+}/attachments")
                .route(web::get().to(hanging::list))
                .route(web::post().to(hanging::add)),
        )
        .service(
            resource(r"questions/{question:\d+}/attachments/{attachment:\d+}")
                .route(web::get().to(hanging::read))
                .route(web::put().to(hanging::change))
                .route(web::patch().to(hanging::change))
                .route(web::delete().to(hanging::delete)),
        );
}

fn schema_of(request: &HttpRequest) -> SchemaId {
    number(request, "schema")
}

fn question_of(request: &HttpRequest) -> QuestionId {
    number(request, "question")
}

/// Only superusers change schemas.
fn superuser(caller: &Caller) -> Result<(), ApiError> {
    if caller.account.role == Role::Superuser { Ok(()) } else { Err(Refusal::Forbidden.into()) }
}

/// Those at the desk read everything.
fn desk(caller: &Caller) -> Result<(), ApiError> {
    if caller.account.role.works_at_the_desk() { Ok(()) } else { Err(Refusal::Forbidden.into()) }
}
