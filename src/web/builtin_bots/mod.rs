//! `/api/v1`: the built-in bots' REST interface, their providers' webhooks and their hooks (bots contract, 2 to 4 and 9).
//!
//! A client of the reference runs against it unchanged: paths end in a slash, ids are UUIDs, complaints are lists by field.
//! Every change loads the bot's document, changes it, and stores the next version in one transaction ([`edit`]).
//!
//! - [`fields`], [`reading`]: bodies. [`shapes`]: objects that leave. [`checks`]: templates, before they are kept.
//! - The other modules are the resources, named as their paths; [`webhooks`] takes what providers send, [`posting`] what
//!   the owner's programs post, and [`console`] tries a bot out.

pub mod bots;
pub mod chat_states;
mod checks;
pub mod console;
pub mod env;
mod fields;
mod handler_form;
pub mod handlers;
pub mod hooks;
pub mod integrations;
pub mod parameters;
pub mod posting;
mod reading;
pub mod recipients;
mod shapes;
pub mod source_states;
pub mod states;
pub mod versions;
pub mod webhooks;

use actix_web::{HttpRequest, Resource, web};

use crate::domain::bot::document::{Document, Stamp};
use crate::domain::{Micros, Refusal, Role};
use crate::store::{Connection, StoreError, bots as kept};
use crate::web::Doors;
use crate::web::api::Answer;
use crate::web::entry::Caller;
use crate::web::error::ApiError;

/// The longest name of a state.
const MAX_STATE: usize = 255;
/// The most things of one kind in a bot (B92).
const MAX_THINGS: usize = 500;
/// The largest body of a configuration.
const MAX_BODY: usize = 4 << 20;

const BOT: &str = "/api/v1/bots/{bot:[0-9a-f-]{36}}";
const ID: &str = "{id:[0-9a-f-]{36}}";

/// Declares the routes; a method that a path does not have is answered 405.
pub fn routes(config: &mut web::ServiceConfig) {
    let at = |path: String| web::resource(path).default_service(web::to(other_method));
    let of = |tail: &str| at(format!("{BOT}/{tail}"));
    config
        .service(at("/api/v1/bots/".into()).route(web::get().to(bots::list)).route(web::post().to(bots::create)))
        .service(crud(of(""), bots::read, bots::change, bots::delete))
        .service(collection(of("env/"), env::list, env::create))
        .service(crud(of(&format!("env/{ID}/")), env::read, env::change, env::delete))
        .service(collection(of("states/"), states::list, states::create))
        .service(crud(of(&format!("states/{ID}/")), states::read, states::change, states::delete))
        .service(collection(of("handlers/"), handlers::list, handlers::create))
        .service(crud(of(&format!("handlers/{ID}/")), handlers::read, handlers::change, handlers::delete))
        .service(collection(of("hooks/"), hooks::list, hooks::create))
        .service(crud(of(&format!("hooks/{ID}/")), hooks::read, hooks::change, hooks::delete));
    nested_routes(config);
    life_routes(config);
    config
        .service(
            at("/processing/{provider:telegram|kik|messenger}bot/{id:[0-9a-f-]{36}}/".into())
                .app_data(web::PayloadConfig::new(MAX_BODY))
                .route(web::post().to(webhooks::take))
                .route(web::get().to(webhooks::verify)),
        )
        .service(at("/processing/hook/{key:\\w+}/".into()).route(web::post().to(posting::post)));
}

fn nested_routes(config: &mut web::ServiceConfig) {
    let of = |tail: &str| web::resource(format!("{BOT}/{tail}")).default_service(web::to(other_method));
    let handler = "handlers/{handler:[0-9a-f-]{36}}";
    let sources = format!("{handler}/sourcestates/");
    let parameters = format!("{handler}/{{list:urlparams|headerparams}}/");
    let hook = "hooks/{hook:[0-9a-f-]{36}}";
    let recipients = format!("{hook}/recipients/{{provider:telegram|kik|messenger}}/");
    config
        .service(collection(of(&sources), source_states::list, source_states::create))
        .service(crud(
            of(&format!("{sources}{ID}/")),
            source_states::read,
            source_states::change,
            source_states::delete,
        ))
        .service(collection(of(&parameters), parameters::list, parameters::create))
        .service(crud(of(&format!("{parameters}{ID}/")), parameters::read, parameters::change, parameters::delete))
        .service(collection(of(&recipients), recipients::list, recipients::create))
        .service(crud(of(&format!("{recipients}{ID}/")), recipients::read, recipients::change, recipients::delete))
        .service(of(&format!("{hook}/deliveries/")).route(web::get().to(hooks::deliveries)))
        .service(of(&format!("{hook}/deliveries/{ID}/")).route(web::get().to(hooks::delivery)))
        .service(
            of(&format!("{hook}/secret/"))
                .route(web::post().to(hooks::make_secret))
                .route(web::delete().to(hooks::drop_secret)),
        );
    let states = "chatstates/{provider:telegram|kik|messenger}/";
    config.service(collection(of(states), chat_states::list, chat_states::create)).service(crud(
        of(&format!("{states}{ID}/")),
        chat_states::read,
        chat_states::change,
        chat_states::delete,
    ));
    let integration = "{provider:telegram|kik|messenger}/";
    config.service(collection(of(integration), integrations::only, integrations::create)).service(crud(
        of(&format!("{integration}{ID}/")),
        integrations::read,
        integrations::change,
        integrations::delete,
    ));
}

fn life_routes(config: &mut web::ServiceConfig) {
    let of = |tail: &str| web::resource(format!("{BOT}/{tail}")).default_service(web::to(other_method));
    config
        .service(of("versions/").route(web::get().to(versions::list)))
        .service(of("publish/").route(web::post().to(versions::publish)))
        .service(of("rollback/").route(web::post().to(versions::roll_back)))
        .service(of("export/").route(web::get().to(versions::export)))
        .service(of("import/").route(web::put().to(versions::import)))
        .service(of("settings/").route(web::get().to(versions::settings)).route(web::put().to(versions::set)))
        .service(of("errors/").route(web::get().to(versions::errors)))
        .service(of("test/").route(web::post().to(console::test)));
}

/// A resource with a list.
fn collection<L, C, LA, CA>(resource: Resource, list: L, create: C) -> Resource
where
    L: actix_web::Handler<LA>,
    C: actix_web::Handler<CA>,
    LA: actix_web::FromRequest + 'static,
    CA: actix_web::FromRequest + 'static,
    L::Output: actix_web::Responder + 'static,
    C::Output: actix_web::Responder + 'static,
{
    resource.route(web::get().to(list)).route(web::post().to(create))
}

/// A resource that is read, changed and deleted.
fn crud<R, C, D, RA, CA, DA>(resource: Resource, read: R, change: C, delete: D) -> Resource
where
    R: actix_web::Handler<RA>,
    C: actix_web::Handler<CA>,
    D: actix_web::Handler<DA>,
    RA: actix_web::FromRequest + 'static,
    CA: actix_web::FromRequest + 'static,
    DA: actix_web::FromRequest + 'static,
    R::Output: actix_web::Responder + 'static,
    C::Output: actix_web::Responder + 'static,
    D::Output: actix_web::Responder + 'static,
{
    resource.route(web::get().to(read)).route(web::put().to(change)).route(web::delete().to(delete))
}

async fn other_method(request: HttpRequest) -> Answer {
    Err(ApiError::method_not_allowed(request.method().as_str()))
}

/// 404.
fn missing() -> ApiError {
    Refusal::NotFound.into()
}

fn part(request: &HttpRequest, name: &str) -> String {
    request.match_info().query(name).to_owned()
}

/// Bots belong to people who have a part in the house; visitors and bots have none.
fn owner(caller: &Caller) -> Result<i64, ApiError> {
    match caller.account.role {
        Role::Visitor | Role::Bot => Err(Refusal::Forbidden.into()),
        _ => Ok(caller.account.id),
    }
}

/// The bot of the path, if it is the caller's.
async fn own_bot(request: &HttpRequest, doors: &Doors, caller: &Caller) -> Result<kept::Bot, ApiError> {
    let (id, owner) = (part(request, "bot"), owner(caller)?);
    Ok(doors.house.store.read(move |connection| kept::owned(connection, &id, owner)).await?)
}

/// The bot of the path and its configuration.
async fn look(request: &HttpRequest, doors: &Doors, caller: &Caller) -> Result<(kept::Bot, Document), ApiError> {
    let (id, owner) = (part(request, "bot"), owner(caller)?);
    let read = move |connection: &mut Connection| {
        let bot = kept::owned(connection, &id, owner)?;
        let document = kept::current(connection, &id)?;
        Ok((bot, document))
    };
    Ok(doors.house.store.read(read).await?)
}

/// Changes the configuration of the bot of the path; what `change` refuses leaves everything as it was.
async fn edit<T, F>(request: &HttpRequest, doors: &Doors, caller: &Caller, change: F) -> Result<T, ApiError>
where
    T: Send + 'static,
    F: FnOnce(&mut Document, Micros) -> Result<T, ApiError> + Send + 'static,
{
    edit_with(request, doors, caller, move |_, document, now| change(document, now)).await
}

/// The same, with the rest of the store at hand.
async fn edit_with<T, F>(request: &HttpRequest, doors: &Doors, caller: &Caller, change: F) -> Result<T, ApiError>
where
    T: Send + 'static,
    F: FnOnce(&mut Connection, &mut Document, Micros) -> Result<T, ApiError> + Send + 'static,
{
    let (id, owner, now) = (part(request, "bot"), owner(caller)?, doors.house.clock.now());
    let note = format!("{} {}", request.method(), request.path().split(&id).nth(1).unwrap_or_default());
    let write = move |connection: &mut Connection| -> Result<Result<T, ApiError>, StoreError> {
        let bot = kept::owned(connection, &id, owner)?;
        let mut document = kept::current(connection, &id)?;
        let changed = change(connection, &mut document, now);
        if changed.is_ok() {
            kept::put(connection, &bot, &document, &note, now)?;
        }
        Ok(changed)
    };
    doors.house.store.write(write).await?
}

/// The id and times of something new.
fn stamp(now: Micros) -> Stamp {
    Stamp { id: kept::new_id(), created_at: now, updated_at: now }
}

/// One more of these would be too many.
fn room(count: usize) -> Result<(), ApiError> {
    if count < MAX_THINGS {
        return Ok(());
    }
    let message = format!("A bot has at most {MAX_THINGS} of these.");
    Err(fields::complaint("non_field_errors", &message))
}
