//! Messages: list, post, read, edit, delete, mark as read (contract, 7 and 8).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::page::{Page, Parameters, parameters};
use super::select::Select;
use super::threads::{idempotency_key, selected};
use super::{Answer, body, filter, message_of, objects, thread_of};
use crate::actors;
use crate::domain::decide::{Command, Target};
use crate::domain::form::Form;
use crate::domain::posting::{Edit, Post};
use crate::domain::unread::Spans;
use crate::domain::view::{self, Viewed};
use crate::domain::{Message, Permissions, Refusal, ThreadId, form};
use crate::store::messages::MessageQuery;
use crate::store::{Connection, messages, search, threads};
use crate::web::Doors;
use crate::web::entry::Caller;
use crate::web::error::ApiError;

/// A page of messages. Those that are listed count as read afterwards, unless `fields` leaves `is_read` out. Besides
/// `limit` and `offset`: `before` and `after` a position, `newest=true`, `q` for search, filters and `ordering`.
#[utoipa::path(get, path = "/api/threads/{thread}/messages", tag = "messages",
    params(("thread" = i64, Path), ("limit" = Option<i64>, Query), ("offset" = Option<i64>, Query),
           ("before" = Option<i64>, Query), ("after" = Option<i64>, Query), ("newest" = Option<bool>, Query),
           ("q" = Option<String>, Query), ("ordering" = Option<String>, Query), ("fields" = Option<String>, Query)),
    responses((status = 200, body = super::schema::MessagePage), (status = 403, body = super::schema::Detail)))]
pub async fn list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (thread, account) = (thread_of(&request), caller.account.id);
    objects::seat_with(&doors.house, thread, account, Permissions::READ_MESSAGES).await?;
    let parameters = parameters(&request);
    let page = Page::read(&parameters, &doors.house.config.chat)?;
    let select = Select::parse(parameters.get("fields").map(String::as_str));
    let hidden = doors.house.config.chat.visibility.hidden_from(caller.account.role);
    let Some(query) = query(&parameters, thread, &page, hidden) else {
        return Ok(HttpResponse::Ok().json(page.body(&request, Vec::new())));
    };
    let results = find(&doors, &caller, query, parameters.get("q"), &select).await?;
    Ok(HttpResponse::Ok().json(page.body(&request, results)))
}

/// What the parameters ask for; `None` when nothing can match.
fn query(parameters: &Parameters, thread: ThreadId, page: &Page, hidden: Vec<String>) -> Option<MessageQuery> {
    let position = |name: &str| parameters.get(name).map(|text| text.trim().parse::<i64>().ok());
    // a position that does not parse matches nothing, as any filter
    let before = position("before").map_or(Some(None), |position| position.map(Some))?;
    let after = position("after").map_or(Some(None), |position| position.map(Some))?;
    Some(MessageQuery {
        threads: vec![thread],
        ids: None,
        conditions: filter::conditions(parameters)?,
        hidden,
        order: filter::ordering(parameters),
        before,
        after,
        newest: parameters.get("newest").is_some_and(|value| value == "true"),
        offset: page.offset,
        limit: page.count,
    })
}

async fn find(
    doors: &Doors,
    caller: &Caller,
    mut query: MessageQuery,
    search_for: Option<&String>,
    select: &Select,
) -> Result<Vec<Value>, ApiError> {
    let house = &doors.house;
    let thread = query.threads.first().copied().unwrap_or_default();
    let searched = search_for.filter(|text| !text.is_empty()).cloned();
    if searched.is_some() {
        search::catch_up(&house.store).await?;
    }
    let look = house.look.clone();
    let read = move |connection: &mut Connection| {
        if let Some(text) = searched {
            query.ids = Some(search::hits(connection, &text, &query.threads)?);
        }
        let found = messages::find(connection, query)?;
        let names = objects::names(connection, &found, &look)?;
        Ok((found, names))
    };
    let (found, names) = house.store.read(read).await?;
    let unread = if select.wants("is_read") { mark(doors, caller, thread, &found).await? } else { Spans::new() };
    let write = |message: &Message| {
        let viewed = objects::viewed(message, caller.account.id, &unread);
        Ok(select.apply(objects::write_message(message, &names, viewed, &house.look)?))
    };
    found.iter().map(write).collect()
}

/// Takes the messages as read; which of them were not (contract, 7.5: `is_read` is false this once).
async fn mark(doors: &Doors, caller: &Caller, thread: ThreadId, found: &[Message]) -> Result<Spans, ApiError> {
    let mut seqs: Vec<i64> = found.iter().map(|message| message.seq).collect();
    seqs.sort_unstable();
    if seqs.is_empty() {
        return Ok(Spans::new());
    }
    let seqs = seqs.into_iter().collect();
    let account = caller.account.id;
    match actors::read(&doors.house, thread, account, seqs, false).await {
        Ok(done) => Ok(done.read),
        // a page can be read also when nothing can be stored: what is unread stays so
        Err(Refusal::Unavailable | Refusal::Busy { .. }) => {
            let hidden = doors.house.config.chat.visibility.hidden_from(caller.account.role);
            let reads = move |connection: &mut Connection| threads::reads(connection, thread, account, &hidden);
            Ok(doors.house.store.read(reads).await?.1)
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// Posts a message (contract, 7.3 and 8). JSON, or multipart with parts `payload` and `file`.
#[utoipa::path(post, path = "/api/threads/{thread}/messages", tag = "messages",
    params(("thread" = i64, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = super::schema::NewMessage,
    responses((status = 201, body = super::schema::Message), (status = 400, body = super::schema::FieldErrors),
              (status = 403, body = super::schema::Detail), (status = 503, body = super::schema::Detail)))]
pub async fn create(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, payload: web::Payload) -> Answer {
    let (house, thread, account) = (&doors.house, thread_of(&request), caller.account.id);
    objects::seat_with(house, thread, account, Permissions::CREATE_MESSAGES).await?;
    let body = body::with_files(&request, payload, house).await?;
    let (mut post, mut forms) = Post::read(&body.object, &house.config.chat.posts);
    forms.extend(body.files);
    let most = house.config.chat.posts.max_attachments;
    if forms.len() > most {
        let complaint = format!("Ensure this field has no more than {most} elements.");
        return Err(Refusal::field("attachments", complaint).into());
    }
    post.client_id = post.client_id.or_else(|| idempotency_key(&request));
    match actors::post(house, thread, account, post, forms).await?.message {
        Some(message) if message.deleted => Ok(HttpResponse::Created().json(view::deleted_object(&message))),
        Some(message) => created(&request, &doors, &caller, &message).await,
        None => Ok(HttpResponse::NoContent().finish()),
    }
}

/// The created object: the message, its answers, and the thread as it is after everything.
async fn created(request: &HttpRequest, doors: &Doors, caller: &Caller, message: &Message) -> Answer {
    let (house, account) = (&doors.house, caller.account.id);
    let names = [(account, view_of(doors, caller))].into();
    let viewed = Viewed { is_read: true, is_own: true };
    let mut object = objects::write_message(message, &names, viewed, &house.look)?;
    if let Some(fields) = object.as_object_mut() {
        fields.insert("answers".into(), json!(message.answers));
        // whoever was taken out right after posting has posted all the same, and sees no thread any more
        let thread = match objects::state(house, message.thread, account).await {
            Ok(state) => objects::write_thread(&state, &house.look, true)?,
            Err(_) => Value::Null,
        };
        fields.insert("thread_data".into(), thread);
    }
    Ok(selected(request, StatusCode::CREATED, object))
}

fn view_of(doors: &Doors, caller: &Caller) -> crate::domain::account::AccountView {
    crate::domain::account::AccountView::of(&caller.account, &doors.house.look.placeholder)
}

/// One message as it is now; it counts as read afterwards.
async fn detail(request: &HttpRequest, doors: &Doors, caller: &Caller) -> Answer {
    let thread = thread_of(request);
    let (message, names) = objects::message(&doors.house, thread, message_of(request), &caller.account).await?;
    let select = Select::parse(parameters(request).get("fields").map(String::as_str));
    let unread = match select.wants("is_read") {
        true => mark(doors, caller, thread, std::slice::from_ref(&message)).await?,
        false => Spans::new(),
    };
    let viewed = objects::viewed(&message, caller.account.id, &unread);
    let object = objects::write_message(&message, &names, viewed, &doors.house.look)?;
    Ok(HttpResponse::Ok().json(select.apply(object)))
}

/// One message. It counts as read afterwards.
#[utoipa::path(get, path = "/api/threads/{thread}/messages/{message}", tag = "messages",
    params(("thread" = i64, Path), ("message" = i64, Path)),
    responses((status = 200, body = super::schema::Message), (status = 403, body = super::schema::Detail),
              (status = 404, body = super::schema::Detail)))]
pub async fn read(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    objects::seat_with(&doors.house, thread_of(&request), caller.account.id, Permissions::READ_MESSAGES).await?;
    detail(&request, &doors, &caller).await
}

/// The message that a command speaks of, as far as it exists for the caller.
pub(super) async fn target(request: &HttpRequest, doors: &Doors, caller: &Caller) -> Result<Target, ApiError> {
    let found = objects::message(&doors.house, thread_of(request), message_of(request), &caller.account).await;
    match found {
        Ok((message, _)) => Ok(Target { found: Some((message.id, message.sender)), run: message.run }),
        Err(error) if error.is_not_found() => Ok(Target { found: None, run: None }),
        Err(error) => Err(error),
    }
}

/// Edits text or meta: of own messages, of others' with control over others (contract, 7.4).
#[utoipa::path(patch, path = "/api/threads/{thread}/messages/{message}", tag = "messages",
    params(("thread" = i64, Path), ("message" = i64, Path)), request_body = super::schema::MessageChange,
    responses((status = 200, body = super::schema::Message), (status = 400, body = super::schema::FieldErrors),
              (status = 403, body = super::schema::Detail), (status = 404, body = super::schema::Detail)))]
pub async fn edit(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, mut payload: web::Payload) -> Answer {
    let (house, thread, account) = (&doors.house, thread_of(&request), caller.account.id);
    objects::seat_with(house, thread, account, Permissions::EDIT_MESSAGES).await?;
    let body = body::json(&mut payload, house.config.limits.body_bytes).await?;
    let edit = Box::new(Edit::read(&body, &house.config.chat.posts));
    let target = target(&request, &doors, &caller).await?;
    actors::act(house, thread, account, Command::EditMessage { target, edit }).await?;
    detail(&request, &doors, &caller).await
}

/// Takes a message back; afterwards it is nowhere (contract, 7.6).
#[utoipa::path(delete, path = "/api/threads/{thread}/messages/{message}", tag = "messages",
    params(("thread" = i64, Path), ("message" = i64, Path)),
    responses((status = 204), (status = 403, body = super::schema::Detail), (status = 404, body = super::schema::Detail)))]
pub async fn delete(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    let (thread, account) = (thread_of(&request), caller.account.id);
    objects::seat_with(&doors.house, thread, account, Permissions::DELETE_MESSAGES).await?;
    let target = target(&request, &doors, &caller).await?;
    actors::act(&doors.house, thread, account, Command::DeleteMessage { target }).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Takes everything up to a position as read.
#[utoipa::path(post, path = "/api/threads/{thread}/read", tag = "messages", params(("thread" = i64, Path)),
    request_body = super::schema::ReadUpto,
    responses((status = 200, body = super::schema::ReadState), (status = 400, body = super::schema::FieldErrors),
              (status = 403, body = super::schema::Detail)))]
pub async fn read_upto(
    request: HttpRequest,
    doors: web::Data<Doors>,
    caller: Caller,
    mut payload: web::Payload,
) -> Answer {
    let (house, thread, account) = (&doors.house, thread_of(&request), caller.account.id);
    objects::seat_with(house, thread, account, Permissions::READ_MESSAGES).await?;
    let body = body::json(&mut payload, house.config.limits.body_bytes).await?;
    let mut form = Form::new(&body);
    if !form.has("upto") {
        form.complain("upto", form::REQUIRED);
    }
    let upto = form.integer("upto");
    if upto.is_some_and(|upto| upto < 0) {
        form.complain("upto", "Ensure this value is greater than or equal to 0.");
    }
    let Some(upto) = upto.filter(|_| form.errors.is_empty()) else {
        return Err(Refusal::Invalid(form.errors).into());
    };
    let mut seqs = Spans::new();
    seqs.insert(1, upto);
    let done = actors::read(house, thread, account, seqs, true).await?;
    let body = json!({"thread": thread, "unread": done.unread, "read_upto": done.read_upto});
    Ok(HttpResponse::Ok().json(body))
}
