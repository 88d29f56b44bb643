//! `/api/admin/operators`: how people at the desk hold conversations. Who has no entry here is never given one.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::{known, no_content, number, object, superuser};
use crate::domain::conversation::packet::instant;
use crate::domain::form::{Form, REQUIRED};
use crate::store::organisation::{self, OperatorRow};
use crate::store::{Connection, StoreError, accounts};
use crate::web::Doors;
use crate::web::api::{Answer, page, schema};
use crate::web::entry::Caller;

/// How many conversations somebody holds at once, unless said otherwise; and at most.
const SLOTS: i64 = 5;
const MAX_SLOTS: i64 = 10_000;

fn view(row: &OperatorRow, online: bool) -> Value {
    json!({
        "id": row.id,
        "group_id": row.group,
        "skill_ids": row.skills,
        "slots": row.slots,
        "away": row.away,
        "online": online,
        "last_given": row.last_given.map(instant),
    })
}

fn find(connection: &mut Connection, id: i64) -> Result<OperatorRow, StoreError> {
    let all = organisation::operators(connection)?;
    all.into_iter().find(|row| row.id == id).ok_or(StoreError::Missing)
}

/// Everybody who is given conversations.
#[utoipa::path(get, path = "/api/admin/operators", tag = "administration",
    responses((status = 200), (status = 403, body = schema::Detail)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    superuser(&caller)?;
    let rows = doors.house.store.read(organisation::operators).await?;
    let views = rows.iter().map(|row| view(row, doors.house.presence.is_online(row.id))).collect();
    Ok(HttpResponse::Ok().json(page::listed(&request, &doors.house.config.chat, views)?))
}

/// One of them.
#[utoipa::path(get, path = "/api/admin/operators/{id}", tag = "administration", params(("id" = i64, Path)),
    responses((status = 200), (status = 403, body = schema::Detail), (status = 404, body = schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    superuser(&caller)?;
    let id = number(&request, "id");
    let row = doors.house.store.read(move |connection| find(connection, id)).await?;
    Ok(HttpResponse::Ok().json(view(&row, doors.house.presence.is_online(id))))
}

/// Sets how somebody at the desk holds conversations: `group_id`, `skill_ids`, `slots`, `away`. What is left out stays.
#[utoipa::path(put, path = "/api/admin/operators/{id}", tag = "administration", params(("id" = i64, Path)),
    responses((status = 200), (status = 400, body = schema::FieldErrors), (status = 404, body = schema::Detail)))]
pub async fn put(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, mut payload: web::Payload) -> Answer {
    superuser(&caller)?;
    let id = number(&request, "id");
    let body = object(&doors, &mut payload).await?;
    let look = move |connection: &mut Connection| {
        let account = accounts::get(connection, id)?;
        if !account.role.works_at_the_desk() {
            return Err(StoreError::Missing);
        }
        let old = crate::store::if_there(find(connection, id))?;
        Ok((old, known(connection)?))
    };
    let (old, known) = doors.house.store.read(look).await?;
    let mut form = Form::new(&body);
    let mut row = old.clone().unwrap_or(OperatorRow { id, slots: SLOTS, ..OperatorRow::default() });
    if let Some(group) = form.id("group_id") {
        if known.groups.contains(&group) {
            row.group = group;
        } else {
            form.no_such("group_id", group);
        }
    } else if old.is_none() && !form.errors.has("group_id") {
        form.complain("group_id", REQUIRED);
    }
    if let Some(skills) = form.ids("skill_ids") {
        for skill in skills.iter().filter(|skill| !known.skills.contains(skill)) {
            form.no_such("skill_ids", *skill);
        }
        row.skills = skills;
    }
    if let Some(slots) = form.integer("slots") {
        if !(0..=MAX_SLOTS).contains(&slots) {
            form.complain("slots", format!("Ensure this value is between 0 and {MAX_SLOTS}."));
        }
        row.slots = slots;
    }
    row.away = form.boolean("away").unwrap_or(row.away);
    form.errors.into_result()?;
    let kept = row.clone();
    doors.house.store.write(move |connection| organisation::put_operator(connection, &kept)).await?;
    Ok(HttpResponse::Ok().json(view(&row, doors.house.presence.is_online(id))))
}

/// Somebody is given no conversations any more; those that they hold stay theirs.
#[utoipa::path(delete, path = "/api/admin/operators/{id}", tag = "administration", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = schema::Detail)))]
pub async fn delete(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    superuser(&caller)?;
    let id = number(&request, "id");
    doors.house.store.write(move |connection| organisation::remove_operator(connection, id)).await?;
    no_content()
}
