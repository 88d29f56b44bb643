//! `POST /botkit/history` (botkit contract, 11): the last words, for the session that said them.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::session::Session;
use super::visitors::{DOOR, trusted};
use super::webhook::{foreign, read_json};
use super::{refused, trust};
use crate::domain::botkit::reply::history_entry;
use crate::store::{Connection, StoreError, botkit, doors, messages};
use crate::web::Doors;

/// How many entries are given.
const ENTRIES: usize = 10;
/// How far back it is looked for them: what has no text is left out.
const LOOK_BACK: i64 = 40;

/// The history of the visitor whom this session means by the label; of any other, nothing.
pub(super) async fn history(request: HttpRequest, doors: web::Data<Doors>, payload: web::Payload) -> HttpResponse {
    if let Some(refusal) = foreign(&request, &doors) {
        return refusal;
    }
    let sent = match read_json(&request, payload, &doors).await {
        Ok(sent) => sent,
        Err(refusal) => return refusal,
    };
    let Some(user) = sent.get("user").and_then(Value::as_str) else {
        return HttpResponse::Ok().json(json!({"success": false, "history": [], "error": "user is missing"}));
    };
    let Some(session) = Session::of(&request, &doors) else { return given(Vec::new()) };
    // a page that only lost its connection has them on the screen
    if doors.botkit.was_cut(&session.name()) {
        return given(Vec::new());
    }
    match entries(&doors, &session, user).await {
        Ok(entries) => given(entries),
        Err(error) => refused(&error.into()),
    }
}

fn given(entries: Vec<Value>) -> HttpResponse {
    HttpResponse::build(StatusCode::OK).json(json!({"success": true, "history": entries}))
}

async fn entries(house_doors: &Doors, session: &Session, user: &str) -> Result<Vec<Value>, StoreError> {
    let house = &house_doors.house;
    let (name, label) = (session.name(), user.to_owned());
    let visibility = house.config.chat.visibility.clone();
    let read = move |connection: &mut Connection| {
        let Some(conversation) = botkit::conversation(connection, &name, &label)? else { return Ok(None) };
        let Some(known) = doors::find(connection, DOOR, &conversation)? else { return Ok(None) };
        let account = crate::store::accounts::get(connection, known.account_id)?;
        let hidden = visibility.hidden_from(account.role);
        let found = messages::find(connection, messages::MessageQuery::newest(known.thread_id, hidden, LOOK_BACK))?;
        Ok(Some((account.id, found)))
    };
    let Some((own, found)) = house.store.read(read).await? else { return Ok(Vec::new()) };
    let trusted = trusted(house_doors).await;
    let mut entries: Vec<Value> = found
        .iter()
        .rev()
        .filter_map(|message| {
            let trust = trust(&house.config.botkit, &trusted, message);
            history_entry(message, message.sender == Some(own), trust)
        })
        .take(ENTRIES)
        .collect();
    entries.reverse();
    Ok(entries)
}
