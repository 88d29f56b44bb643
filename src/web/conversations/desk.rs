//! The desk's side of conversations: inbox, what became of them, takeover and the rest. For those who work at the desk.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::{declined, no_content, number, object};
use crate::actors::conversations::door;
use crate::actors::{self};
use crate::domain::content::{Content, NoteOn};
use crate::domain::conversation::packet::instant;
use crate::domain::conversation::step::Staff;
use crate::domain::conversation::world::{Assignee, Contact};
use crate::domain::event::Change;
use crate::domain::form::{Form, TextRule};
use crate::domain::message::NewMessage;
use crate::domain::unread::Spans;
use crate::domain::visibility::STAFF_NOTE;
use crate::domain::{Decision, Refusal, ThreadId, form};
use crate::store::conversations::{self, Asked, Kept};
use crate::store::{Connection, organisation, transcripts};
use crate::web::Doors;
use crate::web::api::{Answer, objects, page, schema};
use crate::web::entry::Caller;
use crate::web::error::ApiError;

/// The most messages that one request reads.
const MOST_MESSAGES: i64 = 500;

fn at_desk(caller: &Caller) -> Result<(), ApiError> {
    if caller.account.role.works_at_the_desk() { Ok(()) } else { Err(Refusal::Forbidden.into()) }
}

fn view(kept: &Kept, contact: &Contact) -> Value {
    let state = &kept.state;
    json!({
        "id": state.id,
        "status": state.status.name(),
        "assignee": state.assignee.map(|one| one.to_string()),
        "in_inbox": state.in_inbox(),
        "group": state.group,
        "widget": kept.widget,
        "subject": state.subject,
        "topics": state.topics,
        "locale": state.locale,
        "custom_field_data": state.custom_field_data,
        "page": state.page,
        "custom": state.custom,
        "session": state.session_state(),
        "context": state.session.as_ref().map(|session| &session.context),
        "dispatched": kept.dispatched,
        "contact": contact,
        "started_at": instant(state.started_at),
        "updated": instant(kept.updated),
    })
}

fn contact(connection: &mut Connection, kept: &Kept) -> Result<Contact, crate::store::StoreError> {
    let (known, _) = conversations::contact_row(connection, kept.contact)?;
    organisation::contact_of(connection, kept.contact, known)
}

/// Conversations, the latest first: `?inbox=true`, `?group=`, `?mine=true`, `?status=`.
#[utoipa::path(get, path = "/api/desk/conversations", tag = "desk",
    params(("inbox" = Option<bool>, Query), ("group" = Option<i64>, Query), ("mine" = Option<bool>, Query),
           ("status" = Option<String>, Query), ("limit" = Option<i64>, Query), ("offset" = Option<i64>, Query)),
    responses((status = 200), (status = 403, body = schema::Detail)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    at_desk(&caller)?;
    let parameters = page::parameters(&request);
    let page = page::Page::read(&parameters, &doors.house.config.chat)?;
    let given = |name: &str| parameters.get(name).map(String::as_str);
    let asked = Asked {
        in_inbox: given("inbox").map(|value| value == "true"),
        group: given("group").and_then(|value| value.parse().ok()),
        operator: given("mine").filter(|value| *value == "true").map(|_| caller.account.id),
        status: given("status").map(str::to_owned),
    };
    let range = (page.offset, page.count);
    let read = move |connection: &mut Connection| {
        let found = conversations::list(connection, &asked, range)?;
        found.into_iter().map(|kept| Ok(view(&kept, &contact(connection, &kept)?))).collect()
    };
    let found: Vec<Value> = doors.house.store.read(read).await?;
    Ok(HttpResponse::Ok().json(page.body(&request, found)))
}

/// One conversation.
#[utoipa::path(get, path = "/api/desk/conversations/{thread}", tag = "desk", params(("thread" = i64, Path)),
    responses((status = 200), (status = 403, body = schema::Detail), (status = 404, body = schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    at_desk(&caller)?;
    let thread = number(&request, "thread");
    let read = move |connection: &mut Connection| {
        let kept = conversations::load(connection, thread)?.ok_or(crate::store::StoreError::Missing)?;
        let contact = contact(connection, &kept)?;
        Ok(view(&kept, &contact))
    };
    Ok(HttpResponse::Ok().json(doors.house.store.read(read).await?))
}

/// What was said, in order, also for who has no seat in it: `?after=` a position, at most 500.
#[utoipa::path(get, path = "/api/desk/conversations/{thread}/messages", tag = "desk",
    params(("thread" = i64, Path), ("after" = Option<i64>, Query)),
    responses((status = 200), (status = 403, body = schema::Detail), (status = 404, body = schema::Detail)))]
pub async fn messages(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    at_desk(&caller)?;
    let thread = number(&request, "thread");
    let after = page::parameters(&request).get("after").and_then(|after| after.parse().ok()).unwrap_or(0);
    let look = doors.house.look.clone();
    let read = move |connection: &mut Connection| {
        conversations::load(connection, thread)?.ok_or(crate::store::StoreError::Missing)?;
        let found = transcripts::after(connection, thread, after, MOST_MESSAGES)?;
        let names = objects::names(connection, &found, &look)?;
        Ok((found, names))
    };
    let (found, names) = doors.house.store.read(read).await?;
    let all: Result<Vec<Value>, ApiError> = found
        .iter()
        .map(|message| {
            let viewed = objects::viewed(message, caller.account.id, &Spans::new());
            objects::write_message(message, &names, viewed, &doors.house.look)
        })
        .collect();
    Ok(HttpResponse::Ok().json(json!({"results": all?})))
}

/// Takes a conversation over, gives it to somebody (`{"operator": id}` or `{"bot": id}`), to nobody, ends it, or lets it go
/// on.
#[utoipa::path(post, path = "/api/desk/conversations/{thread}/{act}", tag = "desk",
    params(("thread" = i64, Path), ("act" = String, Path)),
    responses((status = 204), (status = 403, body = schema::Detail), (status = 404, body = schema::Detail),
              (status = 409, body = schema::Detail)))]
pub async fn act(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, mut payload: web::Payload) -> Answer {
    at_desk(&caller)?;
    let body = object(&doors, &mut payload).await?;
    let act = match request.match_info().query("act") {
        "take_over" => Staff::TakeOver { by: caller.account.id },
        "unassign" => Staff::Unassign,
        "end" => Staff::End,
        "reopen" => Staff::Reopen,
        _ => {
            let mut form = Form::new(&body);
            let (operator, bot) = (form.id("operator"), form.id("bot"));
            if operator.is_none() && bot.is_none() && form.errors.is_empty() {
                form.complain("operator", form::REQUIRED);
            }
            form.errors.into_result()?;
            let to = operator.map(Assignee::Operator).or(bot.map(Assignee::Bot));
            Staff::Assign { to: to.ok_or(Refusal::NotFound)? }
        }
    };
    door::staff(&doors.house, number(&request, "thread"), act).await.map_err(declined)?;
    no_content()
}

/// Leaves a note that only staff see: `{"text", "on": "conversation" | "contact"}`.
#[utoipa::path(post, path = "/api/desk/conversations/{thread}/notes", tag = "desk", params(("thread" = i64, Path)),
    responses((status = 204), (status = 400, body = schema::FieldErrors), (status = 403, body = schema::Detail)))]
pub async fn note(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, mut payload: web::Payload) -> Answer {
    at_desk(&caller)?;
    let body = object(&doors, &mut payload).await?;
    let mut form = Form::new(&body);
    let text = form.text("text", TextRule { max: 5_000, blank: false });
    if !form.has("text") {
        form.complain("text", form::REQUIRED);
    }
    let on = form.choice("on", |name| match name {
        "conversation" => Some(NoteOn::Conversation),
        "contact" => Some(NoteOn::Contact),
        _ => None,
    });
    form.errors.into_result()?;
    let thread: ThreadId = number(&request, "thread");
    door::find(&doors.house, thread).await?.ok_or(Refusal::NotFound)?;
    let content = Some(Content::Note { on: on.unwrap_or(NoteOn::Conversation) });
    let note = NewMessage::plain(caller.account.id, STAFF_NOTE, text.unwrap_or_default());
    let note = NewMessage { content, unheard: true, ..note };
    let changes = vec![Change::CreateMessage(Box::new(note))];
    actors::carry_out(&doors.house, thread, Decision { changes, ..Decision::default() }).await?;
    no_content()
}

/// Says whether one is away: `{"away": true}`.
#[utoipa::path(put, path = "/api/desk/away", tag = "desk",
    responses((status = 204), (status = 400, body = schema::FieldErrors), (status = 403, body = schema::Detail)))]
pub async fn away(doors: web::Data<Doors>, caller: Caller, mut payload: web::Payload) -> Answer {
    at_desk(&caller)?;
    let body = object(&doors, &mut payload).await?;
    let mut form = Form::new(&body);
    let away = form.boolean("away");
    if away.is_none() && form.errors.is_empty() {
        form.complain("away", form::REQUIRED);
    }
    form.errors.into_result()?;
    let id = caller.account.id;
    doors.house.store.write(move |connection| organisation::set_away(connection, id, away.unwrap_or(false))).await?;
    no_content()
}
