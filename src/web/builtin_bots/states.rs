//! States (bots contract, 3.4).

use actix_web::{HttpRequest, HttpResponse, web};

use super::fields::{Fields, complaint};
use super::{MAX_STATE, edit, edit_with, look, missing, part, reading, room, shapes, stamp};
use crate::domain::Micros;
use crate::domain::bot::document::{Document, State};
use crate::domain::bot::settings::StateSettings;
use crate::store::bots::chats;
use crate::web::Doors;
use crate::web::api::{self, Answer};
use crate::web::entry::Caller;
use crate::web::error::ApiError;

/// The key of a state in state contexts; two states must not share one (B60).
fn key(name: &str) -> String {
    name.to_lowercase().replace(' ', "_")
}

fn unique(document: &Document, name: &str, but: &str) -> Result<(), ApiError> {
    let taken = |state: &&State| key(&state.name) == key(name) && state.stamp.id != but;
    match document.states.iter().find(taken) {
        Some(other) if other.name == name => Err(complaint("name", "The bot has a state of this name already.")),
        Some(other) => {
            let message = format!("Its answers would be stored under the same key as those of \"{}\".", other.name);
            Err(complaint("name", &message))
        }
        None => Ok(()),
    }
}

/// The id of the state of that name, made if there is none.
pub(super) fn of_name(document: &mut Document, name: &str, now: Micros) -> Result<String, ApiError> {
    if let Some(known) = document.states.iter().find(|state| state.name == name) {
        return Ok(known.stamp.id.clone());
    }
    unique(document, name, "")?;
    room(document.states.len())?;
    let state = State { stamp: stamp(now), name: name.to_owned(), ..State::default() };
    let id = state.stamp.id.clone();
    document.states.push(state);
    Ok(id)
}

/// All of them.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/states/", tag = "built-in bots", responses((status = 200)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (_, document) = look(&request, &doors, &caller).await?;
    Ok(HttpResponse::Ok().json(document.states.iter().map(shapes::state).collect::<Vec<_>>()))
}

struct Form {
    name: String,
    settings: Option<StateSettings>,
    checked: Result<(), ApiError>,
}

async fn read_form(request: &HttpRequest, payload: web::Payload) -> Result<Form, ApiError> {
    let body = reading::object(request, payload, super::MAX_BODY).await?;
    let mut fields = Fields::new(&body, false);
    let name = fields.text("name", MAX_STATE, true).unwrap_or_default();
    let settings = match fields.raw("settings").map(|value| serde_json::from_value(value.clone())) {
        Some(Ok(settings)) => Some(settings),
        Some(Err(error)) => {
            fields.complain("settings", error.to_string());
            None
        }
        None => None,
    };
    Ok(Form { name, settings, checked: fields.check() })
}

/// A new one.
#[utoipa::path(post, path = "/api/v1/bots/{bot}/states/", tag = "built-in bots",
    responses((status = 201), (status = 400)))]
pub async fn create(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let form = read_form(&request, payload).await?;
    let made = edit(&request, &doors, &caller, move |document, now| {
        form.checked?;
        unique(document, &form.name, "")?;
        room(document.states.len())?;
        let state = State { stamp: stamp(now), name: form.name, settings: form.settings.unwrap_or_default() };
        document.states.push(state.clone());
        Ok(state)
    });
    Ok(HttpResponse::Created().json(shapes::state(&made.await?)))
}

/// One of them.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/states/{id}/", tag = "built-in bots",
    responses((status = 200), (status = 404, body = api::schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (_, document) = look(&request, &doors, &caller).await?;
    let id = part(&request, "id");
    let state = document.states.iter().find(|state| state.stamp.id == id).ok_or_else(missing)?;
    Ok(HttpResponse::Ok().json(shapes::state(state)))
}

/// Renames one.
#[utoipa::path(put, path = "/api/v1/bots/{bot}/states/{id}/", tag = "built-in bots",
    responses((status = 200), (status = 400), (status = 404, body = api::schema::Detail)))]
pub async fn change(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let form = read_form(&request, payload).await?;
    let id = part(&request, "id");
    let changed = edit(&request, &doors, &caller, move |document, now| {
        let place = document.states.iter().position(|state| state.stamp.id == id).ok_or_else(missing)?;
        form.checked?;
        unique(document, &form.name, &id)?;
        let state = document.states.get_mut(place).ok_or_else(missing)?;
        (state.name, state.stamp.updated_at) = (form.name, now);
        if let Some(settings) = form.settings {
            state.settings = settings;
        }
        Ok(state.clone())
    });
    Ok(HttpResponse::Ok().json(shapes::state(&changed.await?)))
}

/// Deletes one that is not in use; with `?force=true` one that is, which disables handlers that lose their last source
/// state (B16).
#[utoipa::path(delete, path = "/api/v1/bots/{bot}/states/{id}/", tag = "built-in bots",
    params(("force" = Option<bool>, Query)),
    responses((status = 204), (status = 404, body = api::schema::Detail), (status = 409, body = api::schema::Detail)))]
pub async fn delete(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (bot, id) = (part(&request, "bot"), part(&request, "id"));
    let force = request.query_string().split('&').any(|pair| matches!(pair, "force=true" | "force=1"));
    edit_with(&request, &doors, &caller, move |connection, document, _| {
        let place = document.states.iter().position(|state| state.stamp.id == id).ok_or_else(missing)?;
        let used = document
            .handlers
            .iter()
            .any(|handler| handler.source_states.contains(&id) || handler.target_state.as_deref() == Some(id.as_str()));
        if !force && (used || chats::in_state(connection, &bot, &id)? > 0) {
            let detail = "The state is in use: by handlers or chats. ?force=true deletes it all the same.";
            return Err(ApiError::new(actix_web::http::StatusCode::CONFLICT, detail, "in_use"));
        }
        chats::delete_in_state(connection, &bot, &id)?;
        document.states.remove(place);
        for handler in &mut document.handlers {
            let before = handler.source_states.len();
            handler.source_states.retain(|source| *source != id);
            if before > 0 && handler.source_states.is_empty() {
                handler.enabled = false;
            }
            if handler.target_state.as_deref() == Some(id.as_str()) {
                handler.target_state = None;
            }
        }
        Ok(())
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
