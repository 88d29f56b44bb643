//! The test console: what would happen, and why (B93).

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use super::fields::Fields;
use super::{MAX_BODY, look, reading};
use crate::bots::dry_run::Trial;
use crate::domain::bot::provider::Provider;
use crate::web::Doors;
use crate::web::api::{self, Answer};
use crate::web::entry::Caller;

/// The longest text.
const MAX_TEXT: usize = 20_000;

/// Tries a message out on the present configuration, drafts included. Nothing is kept and nobody is written to; the owner's
/// app is asked only when `call` says so.
#[utoipa::path(post, path = "/api/v1/bots/{bot}/test/", tag = "built-in bots",
    responses((status = 200), (status = 400), (status = 404, body = api::schema::Detail)))]
pub async fn test(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let (bot, document) = look(&request, &doors, &caller).await?;
    let body = reading::object(&request, payload, MAX_BODY).await?;
    let mut fields = Fields::new(&body, false);
    let text = fields.any_text("text", MAX_TEXT, true).unwrap_or_default();
    let call = fields.truth("call", false).unwrap_or(false);
    let state = match fields.raw("state") {
        None | Some(Value::Null) => None,
        Some(name) => {
            let name = name.as_str().or_else(|| name.get("name").and_then(Value::as_str)).unwrap_or_default();
            let found = document.states.iter().find(|state| state.name == name).map(|state| state.stamp.id.clone());
            if found.is_none() && !name.is_empty() {
                fields.complain("state", "The bot has no state of this name.");
            }
            found
        }
    };
    let service = match fields.raw("service").and_then(Value::as_str) {
        None => Provider::Telegram,
        Some(name) => Provider::named(name).unwrap_or_else(|| {
            fields.complain("service", "Write telegram, kik or messenger.");
            Provider::Telegram
        }),
    };
    let context = match fields.raw("context") {
        None | Some(Value::Null) => serde_json::Map::new(),
        Some(Value::Object(context)) => context.clone(),
        Some(_) => {
            fields.complain("context", "An object is expected.");
            serde_json::Map::new()
        }
    };
    fields.check()?;
    let trial = Trial { text, state, service, context, call };
    Ok(HttpResponse::Ok().json(doors.bots.dry_run(bot, document, trial).await))
}
