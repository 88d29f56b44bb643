//! What contacts do with their conversation besides writing in it.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::{declined, no_content, number, object};
use crate::actors::conversations::door;
use crate::domain::conversation::event::ContactUpdate;
use crate::domain::conversation::state::Registration;
use crate::domain::conversation::world::Assignee;
use crate::domain::form::{Form, TextRule};
use crate::domain::{Permissions, Refusal};
use crate::web::Doors;
use crate::web::api::{Answer, objects, schema};
use crate::web::entry::Caller;

/// The longest text of the registration card, in characters.
const CARD: TextRule = TextRule { max: 254, blank: true };

/// How the conversation stands, as its members may know: whether it goes on, whether a bot holds it, whether the contact is
/// asked to register.
#[utoipa::path(get, path = "/api/threads/{thread}/conversation", tag = "conversations", params(("thread" = i64, Path)),
    responses((status = 200), (status = 403, body = schema::Detail), (status = 404, body = schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let thread = number(&request, "thread");
    objects::seat_with(&doors.house, thread, caller.account.id, Permissions::READ_THREAD).await?;
    let kept = door::find(&doors.house, thread).await?.ok_or(Refusal::NotFound)?;
    let holder = match kept.state.assignee {
        Some(Assignee::Bot(_)) => "bot",
        Some(Assignee::Operator(_)) => "operator",
        None => "nobody",
    };
    Ok(HttpResponse::Ok().json(json!({
        "status": kept.state.status.name(),
        "held_by": holder,
        "registration": kept.state.registration == Registration::Asked,
    })))
}

/// Picks an option of a choice: `{"option": id}`.
#[utoipa::path(post, path = "/api/threads/{thread}/messages/{message}/pick", tag = "conversations",
    params(("thread" = i64, Path), ("message" = i64, Path)),
    responses((status = 204), (status = 400, body = schema::Detail), (status = 403, body = schema::Detail),
              (status = 409, body = schema::Detail), (status = 410, body = schema::Detail)))]
pub async fn pick(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, mut payload: web::Payload) -> Answer {
    let body = object(&doors, &mut payload).await?;
    let mut form = Form::new(&body);
    let option = form.text("option", TextRule { max: 200, blank: false });
    if !form.has("option") {
        form.complain("option", crate::domain::form::REQUIRED);
    }
    form.errors.into_result()?;
    let (thread, message) = (number(&request, "thread"), number(&request, "message"));
    let option = option.unwrap_or_default();
    door::pick(&doors.house, thread, caller.account.id, message, option).await.map_err(declined)?;
    no_content()
}

/// Submits the registration card: `name`, `email`, `mobile_number`, `custom_fields`.
#[utoipa::path(post, path = "/api/threads/{thread}/registration", tag = "conversations", params(("thread" = i64, Path)),
    responses((status = 204), (status = 400, body = schema::FieldErrors), (status = 403, body = schema::Detail),
              (status = 409, body = schema::Detail)))]
pub async fn register(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    let body = object(&doors, &mut payload).await?;
    let mut form = Form::new(&body);
    let mut text = |name: &str| {
        let sent = form.raw(name).is_some_and(|value| !value.is_null());
        if sent { form.text(name, CARD).filter(|text| !text.is_empty()) } else { None }
    };
    let (name, email, mobile_number) = (text("name"), text("email"), text("mobile_number"));
    let custom_fields = form.raw("custom_fields").and_then(|fields| fields.as_object()).cloned();
    form.errors.into_result()?;
    let card = ContactUpdate { name, email, mobile_number, custom_fields, ..ContactUpdate::default() };
    let thread = number(&request, "thread");
    door::register(&doors.house, thread, caller.account.id, card).await.map_err(declined)?;
    no_content()
}

/// Ends the conversation.
#[utoipa::path(post, path = "/api/threads/{thread}/conversation/end", tag = "conversations", params(("thread" = i64, Path)),
    responses((status = 204), (status = 403, body = schema::Detail), (status = 409, body = schema::Detail)))]
pub async fn end(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    door::end(&doors.house, number(&request, "thread"), caller.account.id).await.map_err(declined)?;
    no_content()
}
