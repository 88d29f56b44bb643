//! `POST /botkit/receive` and `/api/messages` (botkit contract, 7 and 13): one request, and what is said in answer to it.
//!
//! Requests of one conversation are taken one at a time, and one that comes while an earlier turn is still under way waits for
//! it, so that a late reply never becomes the answer to another request.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, ORIGIN, RETRY_AFTER, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::session::Session;
use super::visitors::{DOOR, Speaker, Visitor, arrive, speak, trusted};
use super::{refusal, refused, trust};
use crate::actors::doors;
use crate::domain::botkit::frame::{Frame, Kind, Unfit};
use crate::domain::botkit::reply::{self, Addressee};
use crate::domain::{Message, Role, Seq};
use crate::store::{self, Connection, StoreError};
use crate::web::api::body;
use crate::web::entry::{caller, origin};
use crate::web::error::ApiError;
use crate::web::{Doors, botkit};

/// The largest body, in bytes.
const LARGEST: usize = 100 * 1_024;
/// Replies looked at together.
const TOGETHER: i64 = 50;

/// What both addresses take.
struct Asked {
    session: Session,
    frame: Frame,
    speaker: Option<Speaker>,
    doors: web::Data<Doors>,
}

/// The refusal of a page of another origin. Programs send none.
pub(super) fn foreign(request: &HttpRequest, doors: &Doors) -> Option<HttpResponse> {
    let allowed = &doors.house.config.botkit.allowed_origins;
    if !request.headers().contains_key(ORIGIN) || origin::own_page(request, &doors.public_url, allowed) {
        return None;
    }
    Some(refusal(
        StatusCode::FORBIDDEN,
        "foreign_origin",
        "Pages of this origin may not connect; see botkit.allowed_origins.",
    ))
}

/// The body as JSON, whatever value it is.
pub(super) async fn read_json(
    request: &HttpRequest,
    mut payload: web::Payload,
    doors: &Doors,
) -> Result<Value, HttpResponse> {
    if !doors.house.config.botkit.enabled {
        return Err(refusal(StatusCode::NOT_FOUND, "not_found", "Botkit's door is closed."));
    }
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with("application/json") {
        return Err(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Send application/json."));
    }
    let bytes = body::raw(&mut payload, LARGEST)
        .await
        .map_err(|_| refusal(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The body is larger than 100 KiB."))?;
    serde_json::from_slice(&bytes).map_err(|_| refusal(StatusCode::BAD_REQUEST, "bad_json", "The body is no JSON."))
}

async fn speaker(request: &HttpRequest, doors: &Doors) -> Result<Option<Speaker>, HttpResponse> {
    let Some(header) = request.headers().get(AUTHORIZATION) else { return Ok(None) };
    let unknown = || refusal(StatusCode::UNAUTHORIZED, "unauthorized", "Invalid or expired token.");
    let header = header.to_str().map_err(|_| unknown())?;
    let token = header.strip_prefix("Token ").ok_or_else(unknown)?;
    let found = caller::by_token(doors, token.trim()).await.map_err(|error| refused(&error))?;
    let (account, _) = found.ok_or_else(unknown)?;
    // those who are members only speak for themselves elsewhere
    let speaks = matches!(account.role, Role::Bot | Role::Operator | Role::Superuser);
    if speaks { Ok(Some(Speaker(account.id))) } else { Err(unknown()) }
}

async fn read(request: &HttpRequest, doors: web::Data<Doors>, payload: web::Payload) -> Result<Asked, HttpResponse> {
    if let Some(refusal) = foreign(request, &doors) {
        return Err(refusal);
    }
    let sent = read_json(request, payload, &doors).await?;
    let frame = Frame::read(&sent).map_err(|unfit| match unfit {
        Unfit::NoObject => refusal(StatusCode::BAD_REQUEST, "bad_json", "The body is no JSON object."),
        Unfit::Text => refusal(StatusCode::BAD_REQUEST, "bad_text", "text must be a text."),
        Unfit::User => refusal(StatusCode::BAD_REQUEST, "bad_user", "user must be a text."),
    })?;
    if frame.text.chars().count() > doors.house.config.chat.posts.max_text {
        return Err(refusal(StatusCode::BAD_REQUEST, "bad_text", "text is too long."));
    }
    let speaker = speaker(request, &doors).await?;
    let session = Session::of_or_new(request, &doors);
    // a browser has no session to hide behind before it has sent a cookie back
    let known = Session::of(request, &doors).map(|session| session.name());
    let address = || request.peer_addr().map(|address| address.ip().to_string()).unwrap_or_default();
    let who = speaker.as_ref().map(|Speaker(id)| format!("host:{id}")).or(known).unwrap_or_else(address);
    if let Err(wait) = doors.botkit.message(&who) {
        let mut response = refusal(StatusCode::TOO_MANY_REQUESTS, "too_many", "Too many messages; wait a little.");
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait));
        return Err(response);
    }
    Ok(Asked { session, frame, speaker, doors })
}

/// One request, one reply: the first thing that is said in answer (Botkit 0.7).
pub(super) async fn receive(request: HttpRequest, doors: web::Data<Doors>, payload: web::Payload) -> HttpResponse {
    let asked = match read(&request, doors, payload).await {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    let to = Addressee { user: asked.frame.user.clone(), channel: asked.frame.channel.clone() };
    let (house_doors, session) = (asked.doors.clone(), asked.session.clone());
    let said = match converse(asked, true).await {
        Ok(said) => said,
        Err(error) => return refused(&error),
    };
    let trusted = trusted(&house_doors).await;
    let config = &house_doors.house.config.botkit;
    let objects = said
        .iter()
        .flat_map(|message| reply::objects(message, &to, trust(config, &trusted, message), &house_doors.house.look));
    let nothing = || json!({"type": "no_reply", "user": to.user, "channel": to.channel});
    let answer = objects.into_iter().next().unwrap_or_else(nothing);
    HttpResponse::Ok().append_header((SET_COOKIE, session.cookie(&house_doors))).json(answer)
}

/// One request, all replies of the turn (Botkit 4.x); none is an empty body.
pub(super) async fn turn(request: HttpRequest, doors: web::Data<Doors>, payload: web::Payload) -> HttpResponse {
    let asked = match read(&request, doors, payload).await {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    let (house_doors, session) = (asked.doors.clone(), asked.session.clone());
    let said = match converse(asked, false).await {
        Ok(said) => said,
        Err(error) => return refused(&error),
    };
    let trusted = trusted(&house_doors).await;
    let config = &house_doors.house.config.botkit;
    let nobody = Addressee::default();
    let objects: Vec<Value> = said
        .iter()
        .flat_map(|message| reply::objects(message, &nobody, trust(config, &trusted, message), &house_doors.house.look))
        .collect();
    let mut response = HttpResponse::Ok();
    response.append_header((SET_COOKIE, session.cookie(&house_doors)));
    if objects.is_empty() { response.finish() } else { response.json(objects) }
}

/// Hands on what was sent and waits for what is said in answer: the first message, or all of the turn.
async fn converse(asked: Asked, first_only: bool) -> Result<Vec<Message>, ApiError> {
    let Asked { session, frame, speaker, doors: house_doors } = asked;
    let house = &house_doors.house;
    let visitor = arrive(&house_doors, &session, &frame, speaker.as_ref()).await?;
    let thread = visitor.place.thread;
    let until = Instant::now() + house.config.botkit.reply_timeout;
    let turn = house_doors.botkit.turn(thread);
    let Ok(_held) = timeout_at(until, turn.lock()).await else { return Ok(Vec::new()) };
    let mut listener = doors::listen(house, thread);
    let after = match frame.kind {
        Kind::Message => {
            // whatever is still being answered comes first
            wait_for_turn(&house_doors, &visitor, &mut listener, until).await?;
            let before = last_seq(&house_doors, &visitor).await?;
            speak(&house_doors, &visitor.place, &frame.text).await?;
            Some(before)
        }
        Kind::Connect if visitor.place.is_new => Some(0),
        Kind::Trigger { ref script } => {
            let before = last_seq(&house_doors, &visitor).await?;
            botkit::visitors::begin_script(&house_doors, &visitor, script).await?.then_some(before)
        }
        Kind::Connect | Kind::Identify | Kind::Custom => None,
    };
    let Some(after) = after else { return Ok(Vec::new()) };
    let said = wait_for_replies(&house_doors, &visitor, (after, first_only), &mut listener, until).await?;
    note_delivered(&house_doors, &visitor, &said).await?;
    Ok(said)
}

async fn last_seq(house_doors: &Doors, visitor: &Visitor) -> Result<Seq, StoreError> {
    let thread = visitor.place.thread;
    let read = move |connection: &mut Connection| store::threads::head(connection, thread);
    Ok(house_doors.house.store.read(read).await?.seq)
}

async fn wait_for_turn(
    house_doors: &Doors,
    visitor: &Visitor,
    listener: &mut crate::actors::Listener,
    until: Instant,
) -> Result<(), StoreError> {
    while !doors::is_turn_over(&house_doors.house, visitor.place.thread).await? {
        if timeout_at(until, listener.heard()).await.is_err() {
            break;
        }
    }
    Ok(())
}

async fn wait_for_replies(
    house_doors: &Doors,
    visitor: &Visitor,
    (after, first_only): (Seq, bool),
    listener: &mut crate::actors::Listener,
    until: Instant,
) -> Result<Vec<Message>, StoreError> {
    let house = &house_doors.house;
    loop {
        // asked before the replies are read: what a turn says is there when it is over
        let over = doors::is_turn_over(house, visitor.place.thread).await?;
        let mut said = doors::replies(house, &visitor.place, after, TOGETHER).await?;
        said.retain(|message| {
            !reply::objects(message, &Addressee::default(), super::Trust::Person, &house.look).is_empty()
        });
        if first_only && !said.is_empty() {
            said.truncate(1);
            return Ok(said);
        }
        if over || timeout_at(until, listener.heard()).await.is_err() {
            return Ok(said);
        }
    }
}

/// What was answered here is not sent again over a socket, unless something before it still is to be sent.
async fn note_delivered(house_doors: &Doors, visitor: &Visitor, said: &[Message]) -> Result<(), StoreError> {
    let house = &house_doors.house;
    let owed = doors::replies(house, &visitor.place, visitor.place.delivered, TOGETHER).await?;
    let upto = owed.iter().zip(said).take_while(|(owed, said)| owed.seq == said.seq).last();
    let Some(upto) = upto.map(|(message, _)| message.seq) else { return Ok(()) };
    let conversation = visitor.conversation.clone();
    let note = move |connection: &mut Connection| store::doors::deliver(connection, DOOR, &conversation, upto);
    house.store.write(note).await.map(|_| ())
}

/// How long a socket waits between two looks when nothing tells it.
pub(super) const LOOK: Duration = Duration::from_secs(30);
