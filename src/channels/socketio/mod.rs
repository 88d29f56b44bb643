//! `socketio`: a server of our own for Socket.IO clients of both generations, over polling and WebSocket on the same port
//! (channels contract, 5.3).
//!
//! ```text
//! GET, POST, WebSocket ──http, socket──▶ engine (packets) ──▶ message ──events──▶ doors::enter, say
//!                                 ◀── session (what waits) ◀── frames ◀── events: one pump for each conversation
//! ```
//!
//! [`engine`] and [`message`] read and write packets and are pure. A [`session::Session`] is one client, whatever way it is
//! reached. The sessions that browsers keep are secrets of ours, of which only hashes are stored.

mod engine;
mod events;
mod http;
mod message;
mod session;
mod socket;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::LocalBoxFuture;

use super::credentials::{Common, Entry};
use super::rasa::UnderWay;
use super::token::Verifier;
use super::{Connector, Ground, Kind, Plan};
use crate::config::Config;
use session::Session;

/// Registers it.
pub(super) const KIND: Kind = Kind { channel: "socketio", build };

/// The largest polling body and frame.
const MAX_PAYLOAD: u64 = 1_000_000;
/// How often it is looked who must be pinged or is dead.
const TICK: Duration = Duration::from_millis(250);

/// A name that nobody can guess: 120 random bits in 20 characters.
fn random_id() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 15]>())
}

/// The door; sessions keep it.
struct Server {
    rules: Rules,
    ground: Ground,
    under_way: UnderWay,
    sessions: Mutex<HashMap<String, Arc<Session>>>,
}

impl std::ops::Deref for Server {
    type Target = Rules;

    fn deref(&self) -> &Rules {
        &self.rules
    }
}

/// What the entry says.
struct Rules {
    name: String,
    common: Common,
    user_event: String,
    bot_event: String,
    /// Where the events are heard.
    namespace: String,
    persistent: bool,
    path: String,
    verifier: Option<Verifier>,
    metadata_key: String,
    /// Origins of pages that may connect, besides our own.
    origins: Vec<String>,
    max_payload: usize,
}

struct SocketIo(Arc<Server>);

fn path(text: Option<String>) -> Result<String, String> {
    let text = text.unwrap_or_else(|| "/socket.io".to_owned());
    let path = format!("/{}", text.trim_matches('/'));
    let ours = ["/", "/api", "/webhooks", "/ws", "/desk", "/static", "/media", "/login", "/metrics"];
    let is_odd = |character: char| !(character.is_ascii_alphanumeric() || "/._-~".contains(character));
    if path.contains(is_odd) || ours.contains(&path.as_str()) || path.starts_with("/api/") {
        return Err("socketio_path: sockets cannot live there".to_owned());
    }
    Ok(path)
}

fn build(entry: &mut Entry, _config: &Config) -> Result<Plan, String> {
    let namespace = entry.text("namespace")?.unwrap_or_default();
    let max_payload = entry.number("max_payload")?.unwrap_or(MAX_PAYLOAD);
    let max_payload = usize::try_from(max_payload).map_err(|_| "max_payload: too large".to_owned())?;
    if !(1_024..=100_000_000).contains(&max_payload) {
        return Err("max_payload: 1024 to 100000000 bytes".to_owned());
    }
    let rules = Rules {
        name: entry.name.clone(),
        common: entry.common()?,
        user_event: entry.text("user_message_evt")?.unwrap_or_else(|| "user_uttered".to_owned()),
        bot_event: entry.text("bot_message_evt")?.unwrap_or_else(|| "bot_uttered".to_owned()),
        namespace: format!("/{}", namespace.trim_start_matches('/')),
        persistent: entry.truth("session_persistence")?.unwrap_or(false),
        path: path(entry.text("socketio_path")?)?,
        verifier: Verifier::read(entry)?,
        metadata_key: entry.text("metadata_key")?.unwrap_or_else(|| "metadata".to_owned()),
        origins: entry.list("cors")?.unwrap_or_default(),
        max_payload,
    };
    let (verifies, socket_path) = (rules.verifier.is_some(), Some(rules.path.clone()));
    let start = move |ground: Ground| -> Arc<dyn Connector> {
        let server = Server { rules, ground, under_way: UnderWay::default(), sessions: Mutex::default() };
        let server = Arc::new(server);
        tokio::spawn(watch(Arc::downgrade(&server)));
        Arc::new(SocketIo(server))
    };
    Ok(Plan { verifies, socket_path, start: Box::new(start) })
}

/// Pings, and closes who is dead, until the connector is gone.
async fn watch(server: Weak<Server>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(server) = server.upgrade() else { return };
        let now = server.ground.house.clock.steady();
        for session in server.all() {
            session.tick(now);
            if session.is_closed() {
                server.forget(&session);
            }
        }
    }
}

impl Server {
    fn sessions(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all(&self) -> Vec<Arc<Session>> {
        self.sessions().values().cloned().collect()
    }

    fn find(&self, sid: &str) -> Option<Arc<Session>> {
        self.sessions().get(sid).cloned()
    }

    /// Keeps a new session, if there is room.
    fn keep(&self, session: &Arc<Session>) -> bool {
        let mut sessions = self.sessions();
        let has_room = sessions.len() < self.ground.house.config.socket.max_connections;
        if has_room {
            sessions.insert(session.sid.clone(), session.clone());
        }
        has_room
    }

    fn forget(&self, session: &Session) {
        self.sessions().remove(&session.sid);
    }

    /// Closes a session at once.
    fn close(&self, session: &Session) {
        session.close();
        self.forget(session);
    }

    /// Notes what was handed on.
    fn delivered(&self, marks: Vec<(String, i64)>) {
        if marks.is_empty() {
            return;
        }
        let (store, door) = (self.ground.house.store.clone(), self.name.clone());
        tokio::spawn(async move {
            let note = move |connection: &mut crate::store::Connection| {
                for (conversation, seq) in &marks {
                    crate::store::doors::deliver(connection, &door, conversation, *seq)?;
                }
                Ok(())
            };
            if let Err(error) = store.write(note).await {
                tracing::warn!(%error, "what was handed on could not be noted; it may come twice");
            }
        });
    }
}

impl Connector for SocketIo {
    fn common(&self) -> &Common {
        &self.0.common
    }

    fn socket_path(&self) -> Option<&str> {
        Some(&self.0.path)
    }

    fn socket(&self, request: HttpRequest, payload: Payload) -> Option<LocalBoxFuture<'_, HttpResponse>> {
        Some(Box::pin(http::answer(self.0.clone(), request, payload)))
    }

    fn stop(&self) {
        for session in self.0.all() {
            self.0.close(&session);
        }
    }
}
