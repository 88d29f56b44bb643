//! One connection of Botkit's client (botkit contract, 2 to 6).
//!
//! Frames are taken one after the other. Who speaks is said in each frame, so one socket may follow several visitors'
//! threads. It pulls what is new from the store when it is told that something happened, so a client that reads slowly
//! costs nothing but its own position.

use std::collections::HashMap;
use std::pin::Pin;
use std::time::{Duration, Instant};

use actix::prelude::*;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws::{self, CloseCode, CloseReason, ProtocolError};
use futures_util::Stream;
use serde_json::{Value, json};

use super::session::Session;
use super::visitors::{DOOR, Visitor, arrive, begin_script, trusted};
use super::webhook::{LOOK, foreign};
use super::{MISSED, refusal, trust};
use crate::actors::doors::{self, Say};
use crate::actors::{House, Listener};
use crate::domain::botkit::frame::{Frame, Kind};
use crate::domain::botkit::reply::{self, Addressee};
use crate::domain::doors::Place;
use crate::domain::{AccountId, Message, Refusal, Seq};
use crate::store::{self, Connection};
use crate::web::Doors;

/// How often a ping is sent (2).
const PING: Duration = Duration::from_secs(30);
/// Visitors that one socket may follow.
const MAX_VISITORS: usize = 8;
/// Frames waiting while one is being taken.
const WAITING: usize = 32;

/// Upgrades the client; a refusal here is one that it gives up on after five tries (10).
pub(super) async fn upgrade(
    request: HttpRequest,
    doors: web::Data<Doors>,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    if !doors.house.config.botkit.enabled {
        return Ok(refusal(StatusCode::NOT_FOUND, "not_found", "Botkit's door is closed."));
    }
    if let Some(refusal) = foreign(&request, &doors) {
        return Ok(refusal);
    }
    let session = Session::of_or_new(&request, &doors);
    let presence = &doors.house.presence;
    if presence.is_closing() {
        return Ok(refusal(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The server is stopping."));
    }
    if !doors.botkit.enter(&session.name()) {
        return Ok(refusal(StatusCode::TOO_MANY_REQUESTS, "too_many", "Too many connections of this browser."));
    }
    let cookie = session.cookie(&doors);
    let name = session.name();
    let trusted = trusted(&doors).await;
    let socket = Socket::new(doors.get_ref().clone(), session, trusted);
    let max = doors.house.config.socket.max_frame;
    let opened = ws::WsResponseBuilder::new(socket, &request, payload).frame_size(max).start();
    match opened {
        Ok(mut response) => {
            response.headers_mut().append(
                SET_COOKIE,
                HeaderValue::from_str(&cookie).map_err(actix_web::error::ErrorInternalServerError)?,
            );
            Ok(response)
        }
        Err(error) => {
            doors.botkit.leave(&name, false);
            Err(error)
        }
    }
}

/// A visitor's thread that the socket follows.
struct Followed {
    place: Place,
    to: Addressee,
}

/// The actor of one connection.
struct Socket {
    doors: Doors,
    session: Session,
    trusted: Vec<AccountId>,
    followed: HashMap<String, Followed>,
    waiting: Vec<Frame>,
    is_taking: bool,
    ponged: Instant,
    said_goodbye: bool,
}

impl Socket {
    fn new(doors: Doors, session: Session, trusted: Vec<AccountId>) -> Self {
        Self {
            doors,
            session,
            trusted,
            followed: HashMap::new(),
            waiting: Vec::new(),
            is_taking: false,
            ponged: Instant::now(),
            said_goodbye: false,
        }
    }

    fn end(&mut self, ctx: &mut ws::WebsocketContext<Self>, code: CloseCode, reason: &str) {
        self.said_goodbye = true;
        ctx.close(Some(CloseReason { code, description: Some(reason.to_owned()) }));
        ctx.stop();
    }

    /// Takes a frame when those before it were taken.
    fn frame(&mut self, bytes: &[u8], ctx: &mut ws::WebsocketContext<Self>) {
        let Ok(sent) = serde_json::from_slice::<Value>(bytes) else { return };
        let Ok(frame) = Frame::read(&sent) else { return };
        if frame.kind == Kind::Custom {
            return;
        }
        let name = self.session.name();
        let is_flood = self.waiting.len() >= WAITING || self.doors.botkit.message(&name).is_err();
        if is_flood {
            // thrown out once, and then refused at the door: a client that is only thrown out loops for ever
            self.doors.botkit.bar(&name);
            return self.end(ctx, CloseCode::Policy, "too many messages");
        }
        self.waiting.push(frame);
        self.take_next(ctx);
    }

    fn take_next(&mut self, ctx: &mut ws::WebsocketContext<Self>) {
        if self.is_taking || self.waiting.is_empty() {
            return;
        }
        self.is_taking = true;
        let frame = self.waiting.remove(0);
        let (doors, session) = (self.doors.clone(), self.session.clone());
        let taking = async move {
            let taken = take(&doors, &session, &frame).await;
            (taken, frame)
        };
        ctx.spawn(taking.into_actor(self).map(|(taken, frame), socket, ctx| {
            socket.is_taking = false;
            match taken {
                Ok(Taken { visitor, unknown_script }) => {
                    socket.follow(visitor, &frame, ctx);
                    if let Some(script) = unknown_script {
                        socket.say(&frame, &format!("There is no script called {script} here."), ctx);
                    }
                }
                Err(refusal) => {
                    tracing::info!(?refusal, "a frame of Botkit's client was not taken");
                    socket.say(&frame, "Sorry, this could not be taken. Please try again.", ctx);
                }
            }
            socket.take_next(ctx);
        }));
    }

    /// Says something that is in no thread.
    fn say(&self, frame: &Frame, text: &str, ctx: &mut ws::WebsocketContext<Self>) {
        let (user, channel) = (&frame.user, &frame.channel);
        ctx.text(json!({"type": "message", "text": text, "user": user, "to": user, "channel": channel}).to_string());
    }

    /// Follows the visitor's thread from where they were, if it is not followed yet.
    fn follow(&mut self, visitor: Visitor, frame: &Frame, ctx: &mut ws::WebsocketContext<Self>) {
        let to = Addressee { user: frame.user.clone(), channel: frame.channel.clone() };
        let Visitor { conversation, place } = visitor;
        if let Some(known) = self.followed.get_mut(&conversation) {
            known.to = to;
            return;
        }
        if self.followed.len() >= MAX_VISITORS {
            return;
        }
        let house = self.doors.house.clone();
        let listener = doors::listen(&house, place.thread);
        ctx.add_stream(news(house, conversation.clone(), place.clone(), listener));
        self.followed.insert(conversation, Followed { place, to });
    }
}

/// What became of a frame.
struct Taken {
    visitor: Visitor,
    unknown_script: Option<String>,
}

async fn take(doors: &Doors, session: &Session, frame: &Frame) -> Result<Taken, Refusal> {
    let visitor = arrive(doors, session, frame, None).await.map_err(|_| Refusal::Unavailable)?;
    let mut unknown_script = None;
    match &frame.kind {
        Kind::Message => {
            let say = Say { text: frame.text.clone(), ..Say::default() };
            doors::say(&doors.house, &visitor.place, say).await?;
        }
        Kind::Trigger { script } => {
            let begun = begin_script(doors, &visitor, script).await.map_err(|_| Refusal::Unavailable)?;
            unknown_script = (!begun).then(|| script.clone());
        }
        Kind::Connect | Kind::Identify | Kind::Custom => {}
    }
    Ok(Taken { visitor, unknown_script })
}

/// New messages for one of the visitors.
struct News {
    conversation: String,
    said: Vec<Message>,
    upto: Seq,
}

/// Whether somebody is writing: shown by the client until the next thing is drawn.
enum Event {
    Said(News),
    Writing,
}

/// What is said in the thread from the visitor's cursor on. What is older than `botkit.outbox_age` is passed over.
fn news(house: House, conversation: String, place: Place, listener: Listener) -> Pin<Box<dyn Stream<Item = Event>>> {
    let position = place.delivered;
    let state = (house, conversation, place, listener, position);
    Box::pin(futures_util::stream::unfold(state, |state| async move {
        let (house, conversation, place, mut listener, position) = state;
        loop {
            match doors::replies(&house, &place, position, MISSED).await {
                Ok(said) if !said.is_empty() => {
                    let upto = said.last().map_or(position, |message| message.seq);
                    let event = Event::Said(News { conversation: conversation.clone(), said, upto });
                    return Some((event, (house, conversation, place, listener, upto)));
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "what is new for Botkit's client could not be read"),
            }
            match tokio::time::timeout(LOOK, listener.heard()).await {
                Ok(heard) if heard.is_writing_of_other(place.account.id) => {
                    let event = Event::Writing;
                    return Some((event, (house, conversation, place, listener, position)));
                }
                // a time-out only looks again
                Ok(_) | Err(_) => {}
            }
        }
    }))
}

impl Actor for Socket {
    type Context = ws::WebsocketContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(PING, |socket, ctx| {
            if socket.ponged.elapsed() > PING * 2 {
                return ctx.terminate();
            }
            ctx.ping(b"");
        });
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        self.doors.botkit.leave(&self.session.name(), !self.said_goodbye);
    }
}

impl StreamHandler<Event> for Socket {
    fn handle(&mut self, event: Event, ctx: &mut Self::Context) {
        let news = match event {
            Event::Writing => return ctx.text(json!({"type": "typing"}).to_string()),
            Event::Said(news) => news,
        };
        let Some(followed) = self.followed.get(&news.conversation) else { return };
        let (house, config) = (&self.doors.house, &self.doors.house.config.botkit);
        let age = i64::try_from(config.outbox_age.as_micros()).unwrap_or(i64::MAX);
        let oldest = house.clock.now().saturating_sub(age);
        for message in news.said.iter().filter(|message| message.created >= oldest) {
            let trust = trust(config, &self.trusted, message);
            for object in reply::objects(message, &followed.to, trust, &house.look) {
                ctx.text(object.to_string());
            }
        }
        let (store, conversation, upto) = (house.store.clone(), news.conversation, news.upto);
        let thread = followed.place.thread;
        let noting = async move {
            let note = move |connection: &mut Connection| store::doors::deliver(connection, DOOR, &conversation, upto);
            if let Err(error) = store.write(note).await {
                tracing::warn!(%error, thread, "a cursor could not be moved; the visitor sees a message twice");
            }
        };
        ctx.spawn(noting.into_actor(self));
    }

    /// A thread that is gone is followed no more; the connection stays.
    fn finished(&mut self, _: &mut Self::Context) {}
}

impl StreamHandler<Result<ws::Message, ProtocolError>> for Socket {
    fn handle(&mut self, message: Result<ws::Message, ProtocolError>, ctx: &mut Self::Context) {
        match message {
            Ok(ws::Message::Text(text)) => self.frame(text.as_bytes(), ctx),
            Ok(ws::Message::Binary(bytes)) => self.frame(&bytes, ctx),
            Ok(ws::Message::Ping(payload)) => ctx.pong(&payload),
            Ok(ws::Message::Pong(_)) => self.ponged = Instant::now(),
            Ok(ws::Message::Close(reason)) => {
                self.said_goodbye = true;
                ctx.close(reason);
                ctx.stop();
            }
            Ok(ws::Message::Continuation(_)) => self.end(ctx, CloseCode::Unsupported, "messages in one frame only"),
            Ok(ws::Message::Nop) => {}
            Err(ProtocolError::Overflow) => self.end(ctx, CloseCode::Size, "the frame is too large"),
            // cut off: nobody said goodbye
            Err(ProtocolError::Io(_)) => ctx.stop(),
            Err(_) => self.end(ctx, CloseCode::Protocol, "the frame breaks RFC 6455"),
        }
    }

    fn finished(&mut self, ctx: &mut Self::Context) {
        ctx.stop();
    }
}
