//! `/api/admin/widgets`: entrances through which conversations begin.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use super::{known, no_content, number, object, superuser};
use crate::domain::FieldErrors;
use crate::domain::conversation::settings::WidgetSettings;
use crate::domain::conversation::settings_form::Known;
use crate::domain::service_time::ServiceTime;
use crate::store::organisation;
use crate::web::Doors;
use crate::web::api::{Answer, page, schema};
use crate::web::entry::Caller;
use crate::web::error::ApiError;

fn view(id: i64, settings: &WidgetSettings) -> Value {
    let mut view = json!(settings);
    view["id"] = id.into();
    view
}

fn changed(old: &WidgetSettings, body: &Map<String, Value>, known: &Known) -> Result<WidgetSettings, ApiError> {
    let calendar = body.get("service_time").filter(|value| !value.is_null());
    let odd = calendar.and_then(|calendar| ServiceTime::read(calendar).err());
    let odd = odd.map(|why| FieldErrors::one("service_time", why));
    match (old.change(body, known), odd) {
        (Ok(new), None) => Ok(new),
        (Ok(_), Some(odd)) => Err(ApiError::fields(odd)),
        (Err(mut errors), odd) => {
            errors.merge_weaker(odd.unwrap_or_default());
            Err(ApiError::fields(errors))
        }
    }
}

/// All widgets.
#[utoipa::path(get, path = "/api/admin/widgets", tag = "administration",
    responses((status = 200), (status = 403, body = schema::Detail)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    superuser(&caller)?;
    let rows = doors.house.store.read(organisation::all_widgets).await?;
    let views = rows.iter().map(|(id, settings)| view(*id, settings)).collect();
    Ok(HttpResponse::Ok().json(page::listed(&request, &doors.house.config.chat, views)?))
}

/// One widget.
#[utoipa::path(get, path = "/api/admin/widgets/{id}", tag = "administration", params(("id" = i64, Path)),
    responses((status = 200), (status = 403, body = schema::Detail), (status = 404, body = schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    superuser(&caller)?;
    let id = number(&request, "id");
    let settings = doors.house.store.read(move |connection| organisation::widget(connection, id)).await?;
    Ok(HttpResponse::Ok().json(view(id, &settings)))
}

/// Makes a widget.
#[utoipa::path(post, path = "/api/admin/widgets", tag = "administration",
    responses((status = 201), (status = 400, body = schema::FieldErrors), (status = 403, body = schema::Detail)))]
pub async fn create(doors: web::Data<Doors>, caller: Caller, mut payload: web::Payload) -> Answer {
    superuser(&caller)?;
    let body = object(&doors, &mut payload).await?;
    let known = doors.house.store.read(known).await?;
    let new = changed(&WidgetSettings::default(), &body, &known)?;
    let kept = new.clone();
    let id = doors.house.store.write(move |connection| organisation::put_widget(connection, None, &kept)).await?;
    Ok(HttpResponse::build(StatusCode::CREATED).json(view(id, &new)))
}

/// Changes a widget; what the body does not have stays.
#[utoipa::path(patch, path = "/api/admin/widgets/{id}", tag = "administration", params(("id" = i64, Path)),
    responses((status = 200), (status = 400, body = schema::FieldErrors), (status = 404, body = schema::Detail)))]
pub async fn change(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    superuser(&caller)?;
    let id = number(&request, "id");
    let body = object(&doors, &mut payload).await?;
    let look = move |connection: &mut _| Ok((organisation::widget(connection, id)?, known(connection)?));
    let (old, known) = doors.house.store.read(look).await?;
    let new = changed(&old, &body, &known)?;
    let kept = new.clone();
    doors.house.store.write(move |connection| organisation::put_widget(connection, Some(id), &kept)).await?;
    Ok(HttpResponse::Ok().json(view(id, &new)))
}

/// Takes a widget away.
#[utoipa::path(delete, path = "/api/admin/widgets/{id}", tag = "administration", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = schema::Detail)))]
pub async fn delete(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    superuser(&caller)?;
    let id = number(&request, "id");
    doors.house.store.write(move |connection| organisation::remove_widget(connection, id)).await?;
    no_content()
}
