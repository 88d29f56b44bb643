//! In which states chats are (bots contract, 3.11).

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use super::fields::Fields;
use super::{own_bot, part, reading, shapes};
use crate::domain::Micros;
use crate::domain::bot::document::Document;
use crate::store::bots::chats::{self, Chat, Partner};
use crate::store::{Connection, StoreError, bots as kept};
use crate::web::Doors;
use crate::web::api::{self, Answer};
use crate::web::entry::Caller;
use crate::web::error::ApiError;

/// Chats that are listed at most.
const LISTED: i64 = 10_000;

/// All chats that are in a state.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/chatstates/{provider}/", tag = "built-in bots",
    responses((status = 200)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (bot, provider) = (own_bot(&request, &doors, &caller).await?, part(&request, "provider"));
    let read = move |connection: &mut Connection| {
        let document = kept::current(connection, &bot.id)?;
        let found = chats::list(connection, &bot.id, &provider, LISTED)?;
        found.iter().map(|one| shapes::chat_state(&document, one)).collect::<Result<Vec<_>, _>>()
    };
    Ok(HttpResponse::Ok().json(doors.house.store.read(read).await?))
}

struct Form {
    chat: Option<String>,
    person: Option<String>,
    state: Option<String>,
    checked: Result<(), ApiError>,
}

async fn read_form(
    request: &HttpRequest,
    payload: web::Payload,
    provider: &str,
    partial: bool,
) -> Result<Form, ApiError> {
    let body = reading::object(request, payload, super::MAX_BODY).await?;
    let mut fields = Fields::new(&body, partial);
    let id = |fields: &mut Fields, name: &str| match provider {
        "telegram" => fields.integer(name, true).map(|id| id.to_string()),
        _ => fields.text(name, 255, true),
    };
    let chat = id(&mut fields, "chat");
    let person = if provider == "messenger" { chat.clone() } else { id(&mut fields, "user") };
    let state = fields.named("state", true);
    Ok(Form { chat, person, state, checked: fields.check() })
}

fn state_id(document: &Document, name: &str) -> Result<String, StoreError> {
    let found = document.states.iter().find(|state| state.name == name);
    found.map(|state| state.stamp.id.clone()).ok_or(StoreError::Missing)
}

/// Whether the provider ever told of chat and person.
fn check_known(connection: &mut Connection, partner: &Partner) -> Result<(), StoreError> {
    if partner.provider == "messenger" {
        return Ok(());
    }
    let at = (partner.bot.as_str(), partner.provider.as_str());
    let known = chats::is_known(connection, at, ("chat", &partner.chat))?
        && chats::is_known(connection, at, ("person", &partner.person))?;
    if known { Ok(()) } else { Err(StoreError::Missing) }
}

fn in_state(data: Value, state: &str) -> Value {
    let mut data = match data {
        Value::Object(data) => data,
        _ => Map::new(),
    };
    data.insert("state".into(), json!(state));
    Value::Object(data)
}

/// Puts a chat into a state; one that is in a state already is a conflict (B33).
#[utoipa::path(post, path = "/api/v1/bots/{bot}/chatstates/{provider}/", tag = "built-in bots",
    responses((status = 201), (status = 400), (status = 404, body = api::schema::Detail),
              (status = 409, body = api::schema::Detail)))]
pub async fn create(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let (bot, provider) = (own_bot(&request, &doors, &caller).await?, part(&request, "provider"));
    let form = read_form(&request, payload, &provider, false).await?;
    form.checked?;
    let partner =
        Partner { bot: bot.id, provider, chat: form.chat.unwrap_or_default(), person: form.person.unwrap_or_default() };
    let (state, now) = (form.state.unwrap_or_default(), doors.house.clock.now());
    let write = move |connection: &mut Connection| {
        let document = kept::current(connection, &partner.bot)?;
        let state = state_id(&document, &state)?;
        check_known(connection, &partner)?;
        let known = chats::find(connection, &partner)?;
        if known.as_ref().is_some_and(|known| known.state_id.is_some()) {
            return Err(StoreError::Conflict("the chat is in a state already".into()));
        }
        let data = known.map(|known| known.data()).transpose()?.unwrap_or_default();
        let made = chats::put(connection, &partner, Some(&state), &in_state(data, &state), now)?;
        shapes::chat_state(&document, &made)
    };
    Ok(HttpResponse::Created().json(doors.house.store.write(write).await?))
}

/// One chat.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/chatstates/{provider}/{id}/", tag = "built-in bots",
    responses((status = 200), (status = 404, body = api::schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (bot, provider) = (own_bot(&request, &doors, &caller).await?, part(&request, "provider"));
    let id = part(&request, "id");
    let read = move |connection: &mut Connection| {
        let document = kept::current(connection, &bot.id)?;
        shapes::chat_state(&document, &chats::get(connection, &bot.id, &provider, &id)?)
    };
    Ok(HttpResponse::Ok().json(doors.house.store.read(read).await?))
}

fn move_chat(connection: &mut Connection, bot: &str, one: Chat, form: Form, now: Micros) -> Result<Value, StoreError> {
    let document = kept::current(connection, bot)?;
    let state = match &form.state {
        Some(name) => state_id(&document, name)?,
        None => one.state_id.clone().unwrap_or_default(),
    };
    let partner = Partner {
        bot: bot.to_owned(),
        provider: one.provider.clone(),
        chat: form.chat.unwrap_or_else(|| one.chat.clone()),
        person: form.person.unwrap_or_else(|| one.person.clone()),
    };
    check_known(connection, &partner)?;
    chats::readdress(connection, &one.id, &partner.chat, &partner.person)?;
    let moved = chats::put(connection, &partner, Some(&state), &in_state(one.data()?, &state), now)?;
    shapes::chat_state(&document, &moved)
}

/// Changes what is named of it; states are looked up in this bot only (B32).
#[utoipa::path(put, path = "/api/v1/bots/{bot}/chatstates/{provider}/{id}/", tag = "built-in bots",
    responses((status = 200), (status = 400), (status = 404, body = api::schema::Detail),
              (status = 409, body = api::schema::Detail)))]
pub async fn change(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let (bot, provider) = (own_bot(&request, &doors, &caller).await?, part(&request, "provider"));
    let mut form = read_form(&request, payload, &provider, true).await?;
    let (id, now) = (part(&request, "id"), doors.house.clock.now());
    let write = move |connection: &mut Connection| -> Result<Result<Value, ApiError>, StoreError> {
        let one = chats::get(connection, &bot.id, &provider, &id)?;
        if let Err(refused) = std::mem::replace(&mut form.checked, Ok(())) {
            return Ok(Err(refused));
        }
        move_chat(connection, &bot.id, one, form, now).map(Ok)
    };
    Ok(HttpResponse::Ok().json(doors.house.store.write(write).await??))
}

/// Takes a chat out of all states, and forgets what was stored on the way (B59).
#[utoipa::path(delete, path = "/api/v1/bots/{bot}/chatstates/{provider}/{id}/", tag = "built-in bots",
    responses((status = 204), (status = 404, body = api::schema::Detail)))]
pub async fn delete(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (bot, provider) = (own_bot(&request, &doors, &caller).await?, part(&request, "provider"));
    let id = part(&request, "id");
    let write = move |connection: &mut Connection| {
        let one = chats::get(connection, &bot.id, &provider, &id)?;
        chats::delete(connection, &one.id)
    };
    doors.house.store.write(write).await?;
    Ok(HttpResponse::NoContent().finish())
}
