//! The widget's way in: visitors, their conversation, tickets for WebSockets, and who one is.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::api::{Answer, body, objects, page, select};
use super::entry::tickets::Bearer;
use super::entry::{Caller, keys};
use super::error::ApiError;
use super::{Doors, api};
use crate::actors::{self, House};
use crate::domain::account::AccountView;
use crate::domain::event::Outcome;
use crate::domain::form::{Form, TextRule};
use crate::domain::opening::NewThread;
use crate::domain::scene::ScriptRules;
use crate::domain::script::Schema;
use crate::domain::{Account, Mode, Permissions, Refusal, Role, Seat};
use crate::store::accounts::{self, NewAccount};
use crate::store::{Connection, StoreError, schemas, threads};

/// The longest name, address, or name elsewhere, in characters.
const MAX_NAME: usize = 150;
/// Operators who join a widget's conversation at most.
const MAX_OPERATORS: i64 = 50;
/// The key of a widget's conversation when the page names none.
const MAIN_CONVERSATION: &str = "main";

/// Who one is.
#[utoipa::path(get, path = "/api/me", tag = "entry", responses((status = 200), (status = 401, body = api::schema::Detail)))]
pub async fn me(doors: web::Data<Doors>, caller: Caller) -> HttpResponse {
    let mut body = json!({
        "account": AccountView::of(&caller.account, &doors.house.look.placeholder),
        "role": caller.account.role.as_str(),
        "email": caller.account.email,
    });
    if let (Some(csrf), Some(object)) = (caller.csrf, body.as_object_mut()) {
        object.insert("csrf".into(), csrf.into());
    }
    HttpResponse::Ok().json(body)
}

/// A one-use ticket with which a browser opens its WebSocket.
#[utoipa::path(post, path = "/api/ws-tickets", tag = "entry", responses((status = 201), (status = 401, body = api::schema::Detail)))]
pub async fn ticket(doors: web::Data<Doors>, caller: Caller) -> HttpResponse {
    let ticket = doors.tickets.give(Bearer { account: caller.account.id, credential: caller.credential });
    let body = json!({"ticket": ticket, "expires_in": doors.tickets.lifetime().as_secs()});
    HttpResponse::Created().json(body)
}

/// What a visitor says of themselves.
pub(super) struct Introduction {
    first_name: String,
    last_name: String,
    email: Option<String>,
    user_id: Option<String>,
    language: Option<String>,
}

impl Introduction {
    /// A user whom the embedding site proved.
    pub(super) fn named(name: Option<String>, user_id: String) -> Self {
        let first_name = name.unwrap_or_default();
        Self { first_name, last_name: String::new(), email: None, user_id: Some(user_id), language: None }
    }
}

/// A new visitor, or the one whom the embedding site proves.
#[utoipa::path(post, path = "/api/visitors", tag = "entry",
    responses((status = 201), (status = 400, body = api::schema::FieldErrors), (status = 429, body = api::schema::Detail)))]
pub async fn create(request: HttpRequest, doors: web::Data<Doors>, mut payload: web::Payload) -> Answer {
    doors.limits.visitor(&request)?;
    let house = &doors.house;
    let body = body::json(&mut payload, house.config.limits.body_bytes).await?;
    let introduction = introduce(&body, &doors)?;
    let verified = introduction.user_id.is_some();
    let now = house.clock.now();
    let account = house.store.write(move |connection| make(connection, introduction, now)).await?;
    let Some(account) = account else { return Err(Refusal::Forbidden.into()) };
    let body = json!({
        "token": doors.keys.visitor_token(account.id, now / 1_000_000),
        "account": AccountView::of(&account, &house.look.placeholder),
        "verified": verified,
    });
    Ok(HttpResponse::Created().json(body))
}

fn introduce(body: &serde_json::Map<String, serde_json::Value>, doors: &Doors) -> Result<Introduction, ApiError> {
    let widget = &doors.house.config.widget;
    let rule = TextRule { max: MAX_NAME, blank: true };
    let mut form = Form::new(body);
    let text = |form: &mut Form, name: &str| {
        let sent = form.raw(name).is_some_and(|value| !value.is_null());
        if sent { form.text(name, rule).filter(|text| !text.is_empty()) } else { None }
    };
    let introduction = Introduction {
        first_name: text(&mut form, "first_name").unwrap_or_default(),
        last_name: text(&mut form, "last_name").unwrap_or_default(),
        email: text(&mut form, "email"),
        user_id: text(&mut form, "user_id"),
        language: form.language("language"),
    };
    let hash = text(&mut form, "user_hash");
    match (&introduction.user_id, &hash, &widget.identity_secret) {
        (None, _, _) if widget.identity_required => form.complain("user_id", "REQUIRED"),
        (None, _, _) => {}
        (Some(_), None, _) => form.complain("user_hash", "REQUIRED"),
        (Some(id), Some(hash), Some(secret)) if keys::proves(secret, id, hash) => {}
        (Some(_), Some(_), _) => form.complain("user_hash", "INVALID_PROOF"),
    }
    form.errors.into_result()?;
    Ok(introduction)
}

/// The account of a proven user, or a new one; `None` when it is locked out.
pub(super) fn make(connection: &mut Connection, who: Introduction, now: i64) -> Result<Option<Account>, StoreError> {
    let external_id = who.user_id.map(|id| format!("widget:{id}"));
    let known = match &external_id {
        Some(external) => accounts::by_external_id(connection, external)?,
        None => None,
    };
    if let Some(known) = known {
        if known.disabled {
            return Ok(None);
        }
        if who.language.is_some() && who.language != known.account.language {
            accounts::set_language(connection, known.account.id, who.language.as_deref(), now)?;
        }
        if who.first_name.is_empty() && who.last_name.is_empty() {
            return accounts::get(connection, known.account.id).map(Some);
        }
        accounts::refresh(connection, known.account.id, &who.first_name, &who.last_name, now)?;
        return accounts::get(connection, known.account.id).map(Some);
    }
    // what a visitor says of their address proves nothing, so it takes nobody's place
    let email = match who.email.map(|email| email.to_lowercase()) {
        Some(email) if external_id.is_some() && accounts::by_email(connection, &email)?.is_none() => Some(email),
        _ => None,
    };
    let new = NewAccount {
        email,
        first_name: who.first_name,
        last_name: who.last_name,
        role: Role::Visitor,
        avatar: None,
        password_hash: None,
        external_id,
        language: who.language,
    };
    accounts::create(connection, &new, now).map(Some)
}

/// The caller's conversation with the team, made when there is none; everyone at the desk joins it.
#[utoipa::path(post, path = "/api/widget/thread", tag = "entry",
    responses((status = 200, body = api::schema::Thread), (status = 201, body = api::schema::Thread),
              (status = 401, body = api::schema::Detail)))]
pub async fn conversation(doors: web::Data<Doors>, caller: Caller, mut payload: web::Payload) -> Answer {
    let house = &doors.house;
    let body = body::json(&mut payload, house.config.limits.body_bytes).await?;
    let mut form = Form::new(&body);
    let key = form.text("thread_key", TextRule { max: 64, blank: true }).filter(|key| !key.is_empty());
    form.errors.into_result()?;
    let key = key.unwrap_or_else(|| MAIN_CONVERSATION.to_owned());
    let widget = &house.config.widget;
    let account = caller.account.clone();
    let script = match widget.scripts.get(&key) {
        Some(name) => script_named(house, name).await?,
        None => None,
    };
    let conversation = Conversation { key, kind: widget.thread_type.clone(), script, rules: house.script_rules() };
    let now = house.clock.now();
    let (thread, outcome) = house.store.write(move |connection| open(connection, &account, conversation, now)).await?;
    let is_new = outcome.is_some();
    if let Some(outcome) = outcome {
        actors::announce_thread(house, thread, outcome).await;
    }
    let object = objects::thread_object(&doors, thread, &caller.account).await?;
    Ok(if is_new { HttpResponse::Created().json(object) } else { HttpResponse::Ok().json(object) })
}

/// A conversation of the widget that is asked for.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// Its key: a page may have several.
    pub key: String,
    /// The type of its thread.
    pub kind: String,
    /// The schema that it begins with.
    pub script: Option<Arc<Schema>>,
    /// How scripts are run.
    pub rules: ScriptRules,
}

/// The newest conversation of that key, or a new one; of a new one, what its making made true.
pub fn open(
    connection: &mut Connection,
    account: &Account,
    conversation: Conversation,
    now: i64,
) -> Result<(i64, Option<Outcome>), StoreError> {
    let Conversation { key, kind, script, rules } = conversation;
    if let Some(thread) = threads::of_widget(connection, account.id, &key)? {
        return Ok((thread, None));
    }
    let operators = accounts::desk(connection, MAX_OPERATORS)?;
    let others: Vec<Seat> = operators
        .iter()
        .filter(|other| other.id != account.id)
        .map(|other| Seat::new(0, other.id, Permissions::OPERATOR, now))
        .collect();
    let name = account.full_name();
    let title = if name.is_empty() { format!("Visitor {}", account.id) } else { name };
    let new = NewThread {
        kind,
        title,
        seat: Seat::new(0, account.id, Permissions::VISITOR, now),
        beginning: Vec::new(),
        idempotency_key: None,
        widget_key: Some(key),
        converses: false,
    };
    let new = match script {
        Some(schema) => scripted(new, account, &schema, rules, now),
        None => new,
    };
    threads::create(connection, &new, &others, now)
}

/// The schema of that name with which new runs begin. It is looked up before the writer is asked for anything. That there
/// is none is the operator's to know; the visitor may talk all the same.
async fn script_named(house: &House, name: &str) -> Result<Option<Arc<Schema>>, StoreError> {
    let wanted = name.to_owned();
    match house.store.read(move |connection| schemas::usable(connection, &wanted)).await? {
        Some(id) => house.store.schema(id).await.map(Some),
        None => {
            tracing::warn!(name, "widget.scripts names a schema that is not out");
            Ok(None)
        }
    }
}

/// The conversation with its visitor in the script; one that leads nowhere is left out.
fn scripted(plain: NewThread, account: &Account, schema: &Arc<Schema>, rules: ScriptRules, now: i64) -> NewThread {
    let mut asking = plain.clone();
    asking.seat.mode = Mode::Scripted;
    match asking.with_script(account, schema, None, (rules, now), &mut rand::random) {
        Ok(asking) => asking,
        Err(errors) => {
            tracing::warn!(name = schema.name, ?errors, "the script of widget.scripts cannot begin");
            plain
        }
    }
}

/// A page of the accounts, for administrators.
#[utoipa::path(get, path = "/api/admin/accounts", tag = "administration",
    params(("limit" = Option<i64>, Query), ("offset" = Option<i64>, Query)),
    responses((status = 200), (status = 403, body = api::schema::Detail)))]
pub async fn accounts_list(request: HttpRequest, doors: web::Data<Doors>, caller: Caller) -> Answer {
    if caller.account.role != Role::Superuser {
        return Err(Refusal::Forbidden.into());
    }
    let parameters = page::parameters(&request);
    let page = page::Page::read(&parameters, &doors.house.config.chat)?;
    let select = select::Select::parse(parameters.get("fields").map(String::as_str));
    let range = (page.offset, page.count);
    let found = doors.house.store.read(move |connection| accounts::list(connection, range.0, range.1)).await?;
    let results = found.iter().map(|account: &Account| {
        select.apply(json!({
            "id": account.id, "email": account.email, "first_name": account.first_name,
            "last_name": account.last_name, "role": account.role.as_str(),
        }))
    });
    Ok(HttpResponse::Ok().json(page.body(&request, results.collect())))
}
