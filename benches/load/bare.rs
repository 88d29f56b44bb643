//! The bare server: rooms and sessions as `actix-web-actors` suggests them, and nothing else. No accounts, no storage,
//! no parsing; what comes in goes out to everybody in the room, padded to the size of the real server's frames.

use crate::options::number;
use actix::{Actor, ActorContext, Addr, AsyncContext, Context, Handler, Message, StreamHandler};
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, web};
use actix_web_actors::ws;
use anyhow::{Result, bail};
use bytestring::ByteString;
use serde::Deserialize;
use std::collections::HashMap;
use std::io::Read;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Missed messages that a resuming client is sent.
pub const MISSED: usize = 20;

/// Sizes of what the bare server sends, taken from the real one.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Bytes of a message frame's payload.
    pub message: usize,
    /// Bytes of an acknowledgement's payload.
    pub ack: usize,
    /// Bytes of a page of history.
    pub page: usize,
}

impl Shape {
    /// Reads `--message N --ack N --page N`.
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let mut shape = Self { message: 0, ack: 0, page: 0 };
        for pair in arguments.chunks(2) {
            match pair {
                [name, value] if name == "--message" => shape.message = number(name, value)?,
                [name, value] if name == "--ack" => shape.ack = number(name, value)?,
                [name, value] if name == "--page" => shape.page = number(name, value)?,
                _ => bail!("bare takes --message N --ack N --page N"),
            }
        }
        Ok(shape)
    }

    /// The command that starts a bare server of this shape: this program again.
    pub fn command(&self) -> Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("bare");
        for (name, size) in [("--message", self.message), ("--ack", self.ack), ("--page", self.page)] {
            command.args([name, &size.to_string()]);
        }
        Ok(command)
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Join(usize, Addr<Session>);

#[derive(Message)]
#[rtype(result = "()")]
struct Leave(usize);

/// A frame for everybody, and the acknowledgement for the session that it came from.
#[derive(Message)]
#[rtype(result = "()")]
struct Publish {
    frame: ByteString,
    ack: ByteString,
    sender: usize,
}

#[derive(Message)]
#[rtype(result = "()")]
struct Deliver(ByteString);

#[derive(Default)]
struct Room {
    sessions: HashMap<usize, Addr<Session>>,
}

impl Actor for Room {
    type Context = Context<Self>;
}

impl Handler<Join> for Room {
    type Result = ();

    fn handle(&mut self, Join(id, session): Join, _: &mut Self::Context) {
        self.sessions.insert(id, session);
    }
}

impl Handler<Leave> for Room {
    type Result = ();

    fn handle(&mut self, Leave(id): Leave, _: &mut Self::Context) {
        self.sessions.remove(&id);
    }
}

impl Handler<Publish> for Room {
    type Result = ();

    fn handle(&mut self, publish: Publish, _: &mut Self::Context) {
        for session in self.sessions.values() {
            session.do_send(Deliver(publish.frame.clone()));
        }
        // Acknowledged here and not in the session: what is acknowledged has its place in the room's order.
        if let Some(sender) = self.sessions.get(&publish.sender) {
            sender.do_send(Deliver(publish.ack));
        }
    }
}

struct Session {
    id: usize,
    room: Addr<Room>,
    shape: Shape,
}

impl Actor for Session {
    type Context = ws::WebsocketContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.room.do_send(Join(self.id, ctx.address()));
        ctx.text(r#"{"message":"hello","data":{"log":"bare"}}"#);
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        self.room.do_send(Leave(self.id));
    }
}

impl Handler<Deliver> for Session {
    type Result = ();

    fn handle(&mut self, Deliver(frame): Deliver, ctx: &mut Self::Context) {
        ctx.text(frame);
    }
}

impl StreamHandler<Result<ws::Message, ws::ProtocolError>> for Session {
    fn handle(&mut self, item: Result<ws::Message, ws::ProtocolError>, ctx: &mut Self::Context) {
        match item {
            Ok(ws::Message::Text(text)) => self.take(&text, ctx),
            Ok(ws::Message::Ping(bytes)) => ctx.pong(&bytes),
            Ok(ws::Message::Pong(_)) => {}
            _ => ctx.stop(),
        }
    }
}

impl Session {
    fn take(&self, text: &str, ctx: &mut ws::WebsocketContext<Self>) {
        // The clients put the id first, so that it can be cut out.
        let Some((id, _)) = text.strip_prefix(r#"{"id":"#).and_then(|rest| rest.split_once(',')) else {
            return self.resume(ctx);
        };
        let (frame, ack) = (message_frame(text, self.shape.message), ack_frame(id, self.shape.ack));
        self.room.do_send(Publish { frame, ack, sender: self.id });
    }

    fn resume(&self, ctx: &mut ws::WebsocketContext<Self>) {
        for _ in 0..MISSED {
            ctx.text(message_frame("{}", self.shape.message));
        }
        ctx.text(r#"{"message":"resumed","data":{}}"#);
    }
}

fn message_frame(text: &str, size: usize) -> ByteString {
    padded(format!(r#"{{"message":"message_created_or_updated","data":{text},"pad":""#), r#""}"#, size)
}

fn ack_frame(id: &str, size: usize) -> ByteString {
    padded(format!(r#"{{"message":"ack","id":{id},"data":{{"message":{{"pad":""#), r#""}}}"#, size)
}

fn padded(mut frame: String, end: &str, size: usize) -> ByteString {
    let missing = size.saturating_sub(frame.len() + end.len());
    frame.extend(std::iter::repeat_n('x', missing));
    frame.push_str(end);
    frame.into()
}

/// The rooms by number, and the number of the next session.
#[derive(Default)]
struct Rooms(Mutex<(HashMap<u64, Addr<Room>>, usize)>);

#[derive(Deserialize)]
struct Place {
    room: u64,
}

async fn connect(
    request: HttpRequest,
    payload: web::Payload,
    place: web::Query<Place>,
    rooms: web::Data<Rooms>,
    shape: web::Data<Shape>,
) -> Result<HttpResponse, Error> {
    let session = {
        let mut rooms = rooms.0.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.1 += 1;
        let id = rooms.1;
        let room = rooms.0.entry(place.room).or_insert_with(|| Room::default().start()).clone();
        Session { id, room, shape: **shape }
    };
    ws::start(session, &request, payload)
}

async fn page(bytes: web::Data<ByteString>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(bytes.as_ref().clone().into_bytes())
}

/// Serves until standard input ends.
pub fn serve(shape: Shape) -> Result<()> {
    std::thread::spawn(|| {
        // The parent holds the other end and never writes: this returns when the parent is gone.
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    actix_web::rt::System::new().block_on(async move {
        let rooms = web::Data::new(Rooms::default());
        let whole_page = web::Data::new(padded("\"".to_owned(), "\"", shape.page));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(rooms.clone())
                .app_data(web::Data::new(shape))
                .app_data(whole_page.clone())
                .route("/ws", web::get().to(connect))
                .route("/page", web::get().to(page))
        })
        .backlog(4096)
        // Without it an ack and a delivery to the same client wait 40 ms for each other (Nagle and delayed ACK).
        .tcp_nodelay(true)
        .bind(("127.0.0.1", 0))?;
        for address in server.addrs() {
            println!("listening on http://{address}");
        }
        server.run().await?;
        Ok(())
    })
}
