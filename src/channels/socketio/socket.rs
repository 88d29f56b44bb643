//! The WebSocket of a session: opened as such, or taking over from polling.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use actix_ws::{AggregatedMessage, AggregatedMessageStream};
use futures_util::StreamExt;

use super::Server;
use super::engine::{self, Packet, Type, Version};
use super::http::{Wrong, open_packet};
use super::session::{Session, Transport};

/// How long a client may take for one frame, and for the upgrade.
const WRITE: Duration = Duration::from_secs(10);
const UPGRADE: Duration = Duration::from_secs(20);

/// Opens a WebSocket: a new session, or the upgrade of one.
pub(super) fn open(
    server: Arc<Server>,
    session: Option<Arc<Session>>,
    (version, token): (Version, Option<String>),
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Wrong> {
    let (answer, socket, stream) = actix_ws::handle(request, payload).map_err(|_| Wrong::Request)?;
    let most = server.max_payload;
    let stream = stream.max_frame_size(most).aggregate_continuations().max_continuation_size(most);
    match session {
        Some(session) => {
            actix_web::rt::spawn(upgrade(server, session, socket, stream));
        }
        None => {
            let session = Arc::new(Session::new(version, token, Transport::Socket, server.now_steady()));
            if !server.keep(&session) {
                return Err(Wrong::Forbidden);
            }
            session.tell(open_packet(&server, &session, &[]), None);
            server.welcome(&session);
            actix_web::rt::spawn(run(server, session, socket, stream));
        }
    }
    Ok(answer)
}

async fn say(socket: &mut actix_ws::Session, text: String) -> bool {
    matches!(tokio::time::timeout(WRITE, socket.text(text)).await, Ok(Ok(())))
}

/// `2probe`, `3probe`, `5`: only then everything goes this way. Who goes away before is reached by polling as before.
async fn upgrade(
    server: Arc<Server>,
    session: Arc<Session>,
    mut socket: actix_ws::Session,
    mut stream: AggregatedMessageStream,
) {
    let agreed = tokio::time::timeout(UPGRADE, async {
        let is = |frame: Option<_>, expected: &str| matches!(frame, Some(Ok(AggregatedMessage::Text(text))) if &*text == expected);
        if !is(stream.next().await, "2probe") || !session.probe() {
            return false;
        }
        say(&mut socket, "3probe".to_owned()).await && is(stream.next().await, "5")
    });
    if !agreed.await.unwrap_or(false) {
        session.move_to(Transport::Polling);
        let _ = socket.close(None).await;
        return;
    }
    session.move_to(Transport::Socket);
    run(server, session, socket, stream).await;
}

async fn run(
    server: Arc<Server>,
    session: Arc<Session>,
    mut socket: actix_ws::Session,
    mut stream: AggregatedMessageStream,
) {
    let mut bell = session.listen();
    loop {
        let mut marks = Vec::new();
        let mut is_open = true;
        for out in session.take() {
            is_open = is_open && say(&mut socket, out.text).await;
            marks.extend(out.mark.filter(|_| is_open));
        }
        server.delivered(marks);
        if !is_open || session.is_closed() {
            break;
        }
        tokio::select! {
            frame = stream.next() => {
                let packet = match frame {
                    Some(Ok(AggregatedMessage::Text(text))) => engine::packet(&text),
                    Some(Ok(AggregatedMessage::Binary(_))) => Ok(Packet::Binary),
                    Some(Ok(AggregatedMessage::Ping(bytes))) => {
                        let _ = socket.pong(&bytes).await;
                        continue;
                    }
                    Some(Ok(AggregatedMessage::Pong(_))) => continue,
                    Some(Ok(AggregatedMessage::Close(_)) | Err(_)) | None => break,
                };
                let Ok(packet) = packet else { break };
                let _order = session.order.lock().await;
                server.hear(&session, packet).await;
            }
            _ = bell.changed() => {}
        }
    }
    server.close(&session);
    let _ = tokio::time::timeout(WRITE, socket.close(None)).await;
}

impl Server {
    fn now_steady(&self) -> i64 {
        self.ground.house.clock.steady()
    }

    /// Understands a packet. What cannot be understood closes the session.
    pub(super) async fn hear(self: &Arc<Self>, session: &Arc<Session>, packet: Packet) {
        session.heard(self.now_steady());
        let understood = match packet {
            Packet::Text(Type::Message, text) => self.understand(session, &text).await,
            Packet::Text(Type::Ping, data) if session.version == Version::Three => {
                session.tell(format!("3{data}"), None);
                Ok(())
            }
            Packet::Text(Type::Pong, _) if session.version == Version::Four => {
                session.ponged(self.now_steady());
                Ok(())
            }
            Packet::Text(Type::Noop | Type::Upgrade, _) => Ok(()),
            Packet::Text(Type::Close | Type::Open | Type::Ping | Type::Pong, _) => Err(engine::Broken),
            Packet::Binary => {
                let mut state = session.state();
                match state.attachments.checked_sub(1) {
                    Some(left) => {
                        state.attachments = left;
                        Ok(())
                    }
                    None => Err(engine::Broken),
                }
            }
        };
        if understood.is_err() {
            self.close(session);
        }
    }
}
