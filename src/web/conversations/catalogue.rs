//! `/api/admin/{groups,skills,topics,fields,addons}`: what the organisation has names for.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use super::{no_content, number, object, superuser};
use crate::domain::form::{Form, REQUIRED, TextRule};
use crate::domain::{FieldErrors, Refusal};
use crate::outbound::Seal;
use crate::store::organisation::{self, Item};
use crate::store::{Connection, StoreError};
use crate::web::Doors;
use crate::web::api::{Answer, page, schema};
use crate::web::entry::Caller;
use crate::web::error::ApiError;

/// The longest name, in characters.
const NAME: TextRule = TextRule { max: 200, blank: false };

/// The kinds behind a path.
fn kinds(request: &HttpRequest) -> &'static [&'static str] {
    match request.match_info().query("kind") {
        "groups" => &["group"],
        "skills" => &["skill"],
        "topics" => &["topic"],
        "addons" => &["addon"],
        _ => &["contact_field", "conversation_field"],
    }
}

fn view(item: &Item, seal: &Seal) -> Result<Value, StoreError> {
    let mut view = json!({"id": item.id, "name": item.name});
    match item.kind.as_str() {
        "contact_field" => view["on"] = "contact".into(),
        "conversation_field" => view["on"] = "conversation".into(),
        "addon" => {
            let data = item.data()?;
            view["url"] = data["url"].clone();
            let secret = data["secret"].as_str().and_then(|sealed| seal.open(sealed)).unwrap_or_default();
            view["secret"] = crate::domain::conversation::settings_form::masked(&secret).into();
        }
        _ => {}
    }
    Ok(view)
}

/// Everything of a kind.
#[utoipa::path(get, path = "/api/admin/{kind}", tag = "administration", params(("kind" = String, Path)),
    responses((status = 200), (status = 403, body = schema::Detail)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    superuser(&caller)?;
    let kinds = kinds(&request);
    let read = move |connection: &mut Connection| {
        let mut all = Vec::new();
        for kind in kinds {
            all.extend(organisation::items(connection, kind)?);
        }
        Ok(all)
    };
    let items = doors.house.store.read(read).await?;
    let views: Result<Vec<Value>, StoreError> = items.iter().map(|item| view(item, &doors.outbound.seal)).collect();
    Ok(HttpResponse::Ok().json(page::listed(&request, &doors.house.config.chat, views?)?))
}

async fn find(request: &HttpRequest, doors: &Doors) -> Result<Item, ApiError> {
    let (kinds, id) = (kinds(request), number(request, "id"));
    let read = move |connection: &mut Connection| {
        for kind in kinds {
            match organisation::item(connection, kind, id) {
                Err(StoreError::Missing) => {}
                other => return other,
            }
        }
        Err(StoreError::Missing)
    };
    Ok(doors.house.store.read(read).await?)
}

/// One of a kind.
#[utoipa::path(get, path = "/api/admin/{kind}/{id}", tag = "administration",
    params(("kind" = String, Path), ("id" = i64, Path)),
    responses((status = 200), (status = 403, body = schema::Detail), (status = 404, body = schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    superuser(&caller)?;
    let item = find(&request, &doors).await?;
    Ok(HttpResponse::Ok().json(view(&item, &doors.outbound.seal)?))
}

/// What a body says: name, kind of a new field, and what else is set.
fn parse(
    body: &Map<String, Value>,
    kinds: &'static [&'static str],
    old: Option<&Item>,
    doors: &Doors,
) -> Result<(&'static str, String, Value), ApiError> {
    let mut form = Form::new(body);
    let name = form.text("name", NAME);
    if name.is_none() && old.is_none() && !form.errors.has("name") {
        form.complain("name", REQUIRED);
    }
    let on = if kinds.len() > 1 && old.is_none() {
        let on = form.choice("on", |on| match on {
            "contact" => Some("contact_field"),
            "conversation" => Some("conversation_field"),
            _ => None,
        });
        if on.is_none() && !form.errors.has("on") {
            form.complain("on", REQUIRED);
        }
        on
    } else {
        None
    };
    let mut data = old.map(|item| item.data()).transpose()?.unwrap_or_else(|| json!({}));
    if kinds == ["addon"] {
        if let Some(url) = form.text("url", TextRule { max: 2_000, blank: true }) {
            if !url.is_empty()
                && let Err(why) = doors.outbound.client.check(&url)
            {
                form.complain("url", why);
            }
            data["url"] = url.into();
        }
        if let Some(secret) = form.text("secret", TextRule { max: 256, blank: true }) {
            data["secret"] = doors.outbound.seal.seal(&secret).into();
        }
    }
    form.errors.into_result()?;
    let kind = on.or(kinds.first().copied()).unwrap_or_default();
    let name = name.or_else(|| old.map(|item| item.name.clone())).unwrap_or_default();
    Ok((kind, name, data))
}

/// A name that is taken is a complaint about the name.
fn taken(error: StoreError) -> ApiError {
    match error {
        StoreError::Conflict(_) => ApiError::fields(FieldErrors::one("name", "This name is taken.")),
        other => other.into(),
    }
}

/// Makes one: `name`; a field also needs `on` (`contact` or `conversation`), an add-on has `url` and `secret`.
#[utoipa::path(post, path = "/api/admin/{kind}", tag = "administration", params(("kind" = String, Path)),
    responses((status = 201), (status = 400, body = schema::FieldErrors), (status = 403, body = schema::Detail)))]
pub async fn create(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    superuser(&caller)?;
    let body = object(&doors, &mut payload).await?;
    let (kind, name, data) = parse(&body, kinds(&request), None, &doors)?;
    let write = move |connection: &mut Connection| organisation::add_item(connection, kind, &name, &data);
    let item = doors.house.store.write(write).await.map_err(taken)?;
    Ok(HttpResponse::build(StatusCode::CREATED).json(view(&item, &doors.outbound.seal)?))
}

/// Changes one.
#[utoipa::path(patch, path = "/api/admin/{kind}/{id}", tag = "administration",
    params(("kind" = String, Path), ("id" = i64, Path)),
    responses((status = 200), (status = 400, body = schema::FieldErrors), (status = 404, body = schema::Detail)))]
pub async fn change(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    superuser(&caller)?;
    let old = find(&request, &doors).await?;
    let body = object(&doors, &mut payload).await?;
    let (_, name, data) = parse(&body, kinds(&request), Some(&old), &doors)?;
    let write =
        move |connection: &mut Connection| organisation::change_item(connection, &old.kind, old.id, &name, &data);
    let item = doors.house.store.write(write).await.map_err(taken)?;
    Ok(HttpResponse::Ok().json(view(&item, &doors.outbound.seal)?))
}

/// Takes one away. A group or skill that somebody has cannot go.
#[utoipa::path(delete, path = "/api/admin/{kind}/{id}", tag = "administration",
    params(("kind" = String, Path), ("id" = i64, Path)),
    responses((status = 204), (status = 404, body = schema::Detail), (status = 409, body = schema::Detail)))]
pub async fn delete(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    superuser(&caller)?;
    let item = find(&request, &doors).await?;
    let write = move |connection: &mut Connection| {
        if organisation::is_used(connection, &item)? {
            return Ok(false);
        }
        organisation::remove_item(connection, &item.kind, item.id).map(|()| true)
    };
    if doors.house.store.write(write).await? { no_content() } else { Err(Refusal::Clash.into()) }
}
