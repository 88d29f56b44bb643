//! `Session`: one per WebSocket connection. It understands frames, carries commands to its seats, and answers.
//!
//! Lives while the connection lives. It has no mailbox that others send to: what leaves goes through its outbox, which
//! is bounded (see [`Outbox`]); what comes in is bounded by the frame size and by the commands under way, beyond which a
//! command is answered `too_many_in_flight`. Commands of one session reach a thread in the order in which they came.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actix::prelude::*;
use actix_http::ws::Item;
use actix_web_actors::ws::{self, CloseCode, ProtocolError};
use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};

use super::closing::{answer_to_close, end, offence};
use super::frame::{self, Command, Incoming};
use super::resuming::Hold;
use crate::actors::conversations::door;
use crate::actors::presence::LiveSession;
use crate::actors::respond::Done;
use crate::actors::user_thread::{Act, Read, UserThread};
use crate::actors::{self, House, Outbox, Outgoing, Respond, named_frame};
use crate::domain::account::{AccountView, Credential};
use crate::domain::attachment::AttachmentForm;
use crate::domain::decide;
use crate::domain::posting::Post;
use crate::domain::unread::Spans;
use crate::domain::view::{self, Viewed};
use crate::domain::{Account, Refusal, Role, Seq, ThreadId};

/// How long a new connection's frames are held for a `resume`.
const OPENING: Duration = Duration::from_millis(150);

/// The actor of one connection.
pub(super) struct Session {
    id: u64,
    pub(super) house: House,
    pub(super) account: Arc<Account>,
    credential: Credential,
    asked: Instant,
    outbox: Outbox,
    pub(super) hold: Rc<RefCell<Hold>>,
    /// The seats spoken to so far.
    seats: HashMap<ThreadId, Addr<UserThread>>,
    in_flight: Arc<AtomicUsize>,
    /// Whether a `resume` is under way.
    pub(super) resuming: Rc<Cell<bool>>,
    heard: Arc<AtomicI64>,
    /// A message that comes in parts, and whether it is text.
    parts: Option<(bool, BytesMut)>,
}

/// The context that a session runs in.
pub(super) type Context = ws::WebsocketContext<Session>;

impl Session {
    pub(super) fn new(
        house: House,
        account: Arc<Account>,
        (credential, asked): (Credential, Instant),
        hold: Rc<RefCell<Hold>>,
    ) -> Self {
        Self {
            id: house.presence.next_session(),
            outbox: Outbox::new(house.config.socket.outbox_bytes, house.metrics.clone()),
            heard: Arc::new(AtomicI64::new(house.clock.now())),
            house,
            account,
            credential,
            asked,
            hold,
            seats: HashMap::new(),
            in_flight: Arc::default(),
            resuming: Rc::default(),
            parts: None,
        }
    }

    pub(super) fn outbox(&self) -> Outbox {
        self.outbox.clone()
    }

    pub(super) fn push(&self, bytes: Bytes) {
        self.outbox.push([Outgoing::plain(bytes)]);
    }

    fn hello(&self) -> Bytes {
        let config = &self.house.config;
        let data = json!({
            "account": AccountView::of(&self.account, &self.house.look.placeholder),
            "session": self.id.to_string(),
            "log": &*self.house.log,
            "heartbeat_interval": u64::try_from(config.socket.heartbeat.as_millis()).unwrap_or(u64::MAX),
            "protocol": super::PROTOCOL,
            "limits": {
                "frame": config.socket.max_frame,
                "text": config.chat.posts.max_text,
                "in_flight": config.socket.in_flight,
                "resume": config.socket.resume_limit,
                "file": config.media.max_bytes,
            },
        });
        named_frame("hello", &data)
    }
}

impl Actor for Session {
    type Context = Context;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.push(self.hello());
        let live = LiveSession {
            id: self.id,
            outbox: self.outbox.clone(),
            credential: self.credential,
            asked: self.asked,
            heard: self.heard.clone(),
        };
        self.house.presence.join(self.account.id, live);
        ctx.run_later(OPENING, |session, _| session.hold.borrow_mut().opened());
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        self.house.presence.leave(self.account.id, self.id);
    }
}

impl StreamHandler<Result<ws::Message, ProtocolError>> for Session {
    fn handle(&mut self, message: Result<ws::Message, ProtocolError>, ctx: &mut Self::Context) {
        self.heard.store(self.house.clock.now(), Ordering::Relaxed);
        match message {
            Ok(ws::Message::Text(text)) if self.parts.is_none() => self.text(&text, ctx),
            Ok(ws::Message::Binary(_)) if self.parts.is_none() => {
                end(ctx, CloseCode::Unsupported, "text frames of JSON only");
            }
            Ok(ws::Message::Text(_) | ws::Message::Binary(_)) => {
                end(ctx, CloseCode::Protocol, "a new message began inside of another");
            }
            Ok(ws::Message::Continuation(item)) => self.part(item, ctx),
            Ok(ws::Message::Ping(payload)) => ctx.pong(&payload),
            Ok(ws::Message::Pong(_) | ws::Message::Nop) => {}
            Ok(ws::Message::Close(reason)) => {
                ctx.close(answer_to_close(reason));
                ctx.stop();
            }
            Err(error) => {
                let (code, reason) = offence(&error);
                end(ctx, code, reason);
            }
        }
    }

    fn finished(&mut self, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

impl Session {
    /// Joins the parts of a message, up to the largest frame.
    fn part(&mut self, item: Item, ctx: &mut Context) {
        let (begins, ends, is_text, bytes) = match item {
            Item::FirstText(bytes) => (true, false, true, bytes),
            Item::FirstBinary(bytes) => (true, false, false, bytes),
            Item::Continue(bytes) => (false, false, false, bytes),
            Item::Last(bytes) => (false, true, false, bytes),
        };
        let (is_text, mut joined) = match (begins, self.parts.take()) {
            (true, None) => (is_text, BytesMut::new()),
            (false, Some(parts)) => parts,
            _ => return end(ctx, CloseCode::Protocol, "a part without its message"),
        };
        if joined.len() + bytes.len() > self.house.config.socket.max_frame {
            return end(ctx, CloseCode::Size, "the message is larger than hello.limits.frame");
        }
        joined.extend_from_slice(&bytes);
        if !ends {
            self.parts = Some((is_text, joined));
        } else if !is_text {
            end(ctx, CloseCode::Unsupported, "text frames of JSON only");
        } else {
            match std::str::from_utf8(&joined) {
                Ok(text) => self.text(text, ctx),
                Err(_) => end(ctx, CloseCode::Invalid, "text must be UTF-8"),
            }
        }
    }

    fn text(&mut self, text: &str, ctx: &mut Context) {
        self.house.metrics.frames_received.inc();
        match frame::parse(text) {
            Ok(incoming) => self.obey(incoming, ctx),
            Err(odd) => {
                if odd.id.is_some() {
                    self.push(frame::error(odd.id.as_ref(), odd.code, &odd.detail, json!({})));
                }
            }
        }
        self.hold.borrow_mut().opened();
    }

    fn obey(&mut self, Incoming { command, id }: Incoming, ctx: &mut Context) {
        match command {
            Command::Ping => self.push(frame::pong(id.as_ref())),
            Command::Writing { thread, length } => {
                let known = self.seats.contains_key(&thread);
                actors::writing(&self.house, thread, self.account.id, length, known);
            }
            Command::Resume { log, threads } => self.resume(id, &log, threads, ctx),
            command => {
                if self.in_flight.fetch_add(1, Ordering::Relaxed) >= self.house.config.socket.in_flight {
                    self.in_flight.fetch_sub(1, Ordering::Relaxed);
                    let detail = "Too many commands wait for their answer; see hello.limits.in_flight.";
                    return self.push(frame::error(id.as_ref(), "too_many_in_flight", detail, json!({})));
                }
                self.obey_bounded(command, id, ctx);
            }
        }
    }

    fn obey_bounded(&mut self, command: Command, id: Option<Value>, ctx: &mut Context) {
        match command {
            Command::Send { thread, body } => self.send(thread, &body, id, ctx),
            Command::ReadUpto { thread, upto } => self.read_upto(thread, upto, id, ctx),
            Command::ReadMessage(message) => {
                let (house, account) = (self.house.clone(), self.account.id);
                let respond = self.answer_read(id);
                let reading = async move { actors::read_message(&house, account, message).await };
                ctx.spawn(reading.into_actor(self).map(|answer, _, _| respond.give(answer)));
            }
            Command::Pick { thread, message, option } => {
                let (house, account) = (self.house.clone(), self.account.id);
                let (outbox, in_flight) = (self.outbox.clone(), self.in_flight.clone());
                let picking = async move { door::pick(&house, thread, account, message, option).await };
                ctx.spawn(picking.into_actor(self).map(move |answer, _, _| {
                    in_flight.fetch_sub(1, Ordering::Relaxed);
                    frame::answer_pick(&outbox, id.as_ref(), answer);
                }));
            }
            Command::Subscribe(thread) => self.watch(Some(thread), id, ctx),
            Command::Unsubscribe => self.watch(None, id, ctx),
            // these are obeyed without being counted
            Command::Ping | Command::Writing { .. } | Command::Resume { .. } => {
                self.in_flight.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }

    /// An answer that frees its place among the commands under way. Without an `id` only errors of messages are told.
    fn respond(&self, tell: impl FnOnce(&Outbox, Result<Done, Refusal>) + Send + 'static) -> Respond {
        let (outbox, in_flight) = (self.outbox.clone(), self.in_flight.clone());
        Respond::new(move |answer| {
            in_flight.fetch_sub(1, Ordering::Relaxed);
            tell(&outbox, answer);
        })
    }

    fn answer_send(&self, id: Option<Value>) -> Respond {
        let house = self.house.clone();
        let account = self.account.clone();
        self.respond(move |outbox, answer| {
            let bytes = match answer {
                Ok(Done { message: Some(message), .. }) if message.deleted => {
                    frame::ack(id.as_ref(), &json!({"message": view::deleted_object(&message)}))
                }
                Ok(Done { message: Some(message), shared, .. }) => {
                    let shared = shared.unwrap_or_else(|| {
                        let sender = AccountView::of(&account, &house.look.placeholder);
                        view::message_shared(&message, Some(&sender), &house.look).into()
                    });
                    let viewed = Viewed { is_read: true, is_own: true };
                    frame::ack_message(id.as_ref(), &view::message_object(&shared, &message, viewed))
                }
                // a control question was confirmed, which leaves no message
                Ok(_) => frame::ack(id.as_ref(), &json!({"message": null})),
                Err(refusal) => frame::refused(id.as_ref(), &refusal),
            };
            outbox.push([Outgoing::plain(bytes)]);
        })
    }

    fn answer_read(&self, id: Option<Value>) -> Respond {
        self.respond(move |outbox, answer| {
            let Some(id) = id else { return };
            let bytes = match answer {
                Ok(done) => frame::ack(Some(&id), &json!({"unread": done.unread, "read_upto": done.read_upto})),
                Err(refusal) => frame::refused(Some(&id), &refusal),
            };
            outbox.push([Outgoing::plain(bytes)]);
        })
    }

    fn send(&mut self, thread: ThreadId, body: &serde_json::Map<String, Value>, id: Option<Value>, ctx: &mut Context) {
        let (post, forms) = Post::read(body, &self.house.config.chat.posts);
        let respond = self.answer_send(id);
        if forms.is_empty() {
            let command = decide::Command::Post(Box::new(post));
            self.with_seat(thread, ctx, move |seat| hand_over(&seat, command, respond));
        } else {
            self.send_with_files(thread, post, forms, respond, ctx);
        }
    }

    /// The files are looked at before the next frame is read, so that messages stay in order.
    fn send_with_files(
        &mut self,
        thread: ThreadId,
        post: Post,
        forms: Vec<AttachmentForm>,
        respond: Respond,
        ctx: &mut Context,
    ) {
        let (house, account) = (self.house.clone(), self.account.id);
        let sending = async move { actors::post(&house, thread, account, post, forms).await };
        ctx.wait(sending.into_actor(self).map(|answer, _, _| respond.give(answer)));
    }

    /// Hands something to a seat: at once when the seat is known, else when it is found, the next frames waiting.
    fn with_seat(
        &mut self,
        thread: ThreadId,
        ctx: &mut Context,
        hand: impl FnOnce(Result<Addr<UserThread>, Refusal>) + 'static,
    ) {
        if let Some(seat) = self.seats.get(&thread).filter(|seat| seat.connected()) {
            return hand(Ok(seat.clone()));
        }
        let (house, account) = (self.house.clone(), self.account.id);
        let opening = async move { actors::open_seat(&house, thread, account).await };
        ctx.wait(opening.into_actor(self).map(move |opened, session, _| {
            if let Ok(seat) = &opened {
                session.seats.insert(thread, seat.clone());
            }
            hand(opened);
        }));
    }

    fn read_upto(&mut self, thread: ThreadId, upto: Seq, id: Option<Value>, ctx: &mut Context) {
        let respond = self.answer_read(id);
        let mut seqs = Spans::new();
        seqs.insert(1, upto);
        self.with_seat(thread, ctx, move |seat| match seat {
            Ok(seat) => {
                // a full mailbox drops the command, and the answer says `busy`
                let _ = seat.try_send(Read { seqs, all_before: true, respond });
            }
            Err(refusal) => respond.give(Err(refusal)),
        });
    }

    fn watch(&mut self, thread: Option<ThreadId>, id: Option<Value>, ctx: &mut Context) {
        let respond = self.respond(move |outbox, answer| {
            let Some(id) = id else { return };
            let bytes = match answer {
                Ok(_) => frame::ack(Some(&id), &json!({"thread": thread})),
                Err(refusal) => frame::refused(Some(&id), &refusal),
            };
            outbox.push([Outgoing::plain(bytes)]);
        });
        if self.account.role != Role::Superuser {
            return respond.give(Err(Refusal::Forbidden));
        }
        let (house, account) = (self.house.clone(), self.account.clone());
        let watching = async move {
            match thread {
                Some(thread) => actors::watch(&house, &account, thread).await,
                None => actors::unwatch(&house, &account, None).await,
            }
        };
        ctx.wait(watching.into_actor(self).map(|watched, _, _| respond.give(watched.map(|()| Done::default()))));
    }
}

fn hand_over(seat: &Result<Addr<UserThread>, Refusal>, command: decide::Command, respond: Respond) {
    match seat {
        Ok(seat) => {
            // a full mailbox drops the command, and the answer says `busy`
            let _ = seat.try_send(Act { command, respond });
        }
        Err(refusal) => respond.give(Err(refusal.clone())),
    }
}
