//! One client's session: what waits for it, how it is reached, and whether it still lives. A session that does not take
//! what it is told is closed, and its client comes back; it never slows anybody or grows without end.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::engine::{self, Version};
use crate::channels::token::Owner;
use crate::domain::{Micros, Seq};

/// How often the server pings, in microseconds.
pub(super) const PING_EVERY: Micros = 25_000_000;
/// How long it waits for the answer.
pub(super) const PING_WAIT: Micros = 20_000_000;
/// The most packets and bytes that wait for a client.
const MAX_WAITING: usize = 2_000;
const MAX_BYTES: usize = 4 * 1_024 * 1_024;
/// The most namespaces, and the most sessions of the browser's, of one connection.
const MAX_CONFIRMED: usize = 64;

/// A packet on its way out, and what is handed on with it.
pub(super) struct Out {
    pub text: String,
    pub mark: Option<(String, Seq)>,
}

/// How the client is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Polling,
    /// A WebSocket has asked to take over.
    Probing,
    Socket,
}

/// Somebody in a namespace.
#[derive(Clone)]
pub(super) struct Joined {
    /// Their Socket.IO id.
    pub sid: String,
    /// Whose token they had.
    pub owner: Owner,
}

#[derive(Default)]
struct Waiting {
    packets: VecDeque<Out>,
    bytes: usize,
}

/// What changes.
pub(super) struct State {
    waiting: Waiting,
    pub transport: Transport,
    polled: bool,
    posted: bool,
    noop: bool,
    closed: bool,
    /// When the ping went out that nobody answered yet.
    pinged: Option<Micros>,
    next_ping: Micros,
    last_heard: Micros,
    opened: Micros,
    pub joined: HashMap<String, Joined>,
    /// Hashes of the sessions that this connection was confirmed.
    pub confirmed: HashSet<String>,
    /// The session that this connection was given last, by whose it is: who asks again without naming one means it.
    pub given: Option<(Option<String>, String)>,
    /// Tasks that hand on what is said in a conversation.
    pub pumps: HashMap<String, JoinHandle<()>>,
    /// Attachments that are still to come and to be dropped.
    pub attachments: usize,
}

/// One session.
pub(super) struct Session {
    /// Its name, which is the authority over it.
    pub sid: String,
    pub version: Version,
    /// The token in the handshake's query.
    pub query_token: Option<String>,
    state: Mutex<State>,
    bell: watch::Sender<u64>,
    /// Packets are understood one after the other, whatever way they come.
    pub order: tokio::sync::Mutex<()>,
}

/// Why a polling call is not taken.
pub(super) enum Crossed {
    /// The session goes by WebSocket now.
    Upgraded,
    /// Two at once, or the session is over.
    Closed,
}

impl Session {
    pub(super) fn new(version: Version, query_token: Option<String>, transport: Transport, now: Micros) -> Self {
        let state = State {
            waiting: Waiting::default(),
            transport,
            polled: false,
            posted: false,
            noop: false,
            closed: false,
            pinged: None,
            next_ping: now + PING_EVERY,
            last_heard: now,
            opened: now,
            joined: HashMap::new(),
            confirmed: HashSet::new(),
            given: None,
            pumps: HashMap::new(),
            attachments: 0,
        };
        let bell = watch::channel(0).0;
        let order = tokio::sync::Mutex::default();
        Self { sid: super::random_id(), version, query_token, state: Mutex::new(state), bell, order }
    }

    /// What changes; never held across a wait.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        self.bell.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Hears whenever there is something to say, or the session is over.
    pub(super) fn listen(&self) -> watch::Receiver<u64> {
        self.bell.subscribe()
    }

    /// Something is to be told to the client.
    pub(super) fn tell(&self, text: String, mark: Option<(String, Seq)>) {
        let mut state = self.state();
        if state.closed {
            return;
        }
        state.waiting.bytes += text.len();
        state.waiting.packets.push_back(Out { text, mark });
        let is_slow = state.waiting.packets.len() > MAX_WAITING || state.waiting.bytes > MAX_BYTES;
        drop(state);
        if is_slow {
            tracing::info!("a client that takes nothing is closed");
            self.close();
        }
        self.ring();
    }

    /// Everything that waits.
    pub(super) fn take(&self) -> Vec<Out> {
        let mut state = self.state();
        state.waiting.bytes = 0;
        state.waiting.packets.drain(..).collect()
    }

    /// The session is over.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.waiting = Waiting::default();
        for pump in std::mem::take(&mut state.pumps).into_values() {
            pump.abort();
        }
        state.joined.clear();
        drop(state);
        self.ring();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// Whether this connection may use one more session of the browser's.
    pub(super) fn confirm(&self, session: String) -> bool {
        let mut state = self.state();
        let has_room = state.confirmed.len() < MAX_CONFIRMED || state.confirmed.contains(&session);
        if has_room {
            state.confirmed.insert(session);
        }
        has_room
    }

    /// The client was heard of.
    pub(super) fn heard(&self, now: Micros) {
        self.state().last_heard = now;
    }

    /// The client answered a ping.
    pub(super) fn ponged(&self, now: Micros) {
        let mut state = self.state();
        state.pinged = None;
        state.next_ping = now + PING_EVERY;
    }

    /// Pings when it is time; closes when the peer is dead or came for nothing.
    pub(super) fn tick(&self, now: Micros) {
        let mut state = self.state();
        let is_idle = state.joined.is_empty() && now >= state.opened + PING_EVERY + PING_WAIT;
        let is_dead = match self.version {
            Version::Three => now >= state.last_heard + PING_EVERY + PING_WAIT,
            Version::Four => state.pinged.is_some_and(|at| now >= at + PING_WAIT),
        };
        let pings = self.version == Version::Four && state.pinged.is_none() && now >= state.next_ping;
        if pings {
            state.pinged = Some(now);
        }
        drop(state);
        if is_idle || is_dead {
            self.close();
        } else if pings {
            self.tell("2".to_owned(), None);
        }
    }

    /// A polling GET begins; it ends when what is given back is dropped.
    pub(super) fn poll(self: &Arc<Self>) -> Result<Call, Crossed> {
        let mut state = self.state();
        match (state.closed, state.transport, state.polled) {
            (false, Transport::Socket, _) => Err(Crossed::Upgraded),
            (false, _, false) => {
                state.polled = true;
                Ok(Call { session: self.clone(), is_poll: true })
            }
            _ => Err(Crossed::Closed),
        }
    }

    /// A polling POST begins.
    pub(super) fn post(self: &Arc<Self>) -> Result<Call, Crossed> {
        let mut state = self.state();
        match (state.closed, state.transport, state.posted) {
            (false, Transport::Socket, _) => Err(Crossed::Upgraded),
            (false, _, false) => {
                state.posted = true;
                Ok(Call { session: self.clone(), is_poll: false })
            }
            _ => Err(Crossed::Closed),
        }
    }

    /// A WebSocket asks to take over: whether it may. The GET that waits is to end.
    pub(super) fn probe(&self) -> bool {
        let mut state = self.state();
        let may = !state.closed && state.transport == Transport::Polling;
        if may {
            state.transport = Transport::Probing;
            // also for a GET that was sent before and comes after
            state.noop = true;
        }
        drop(state);
        self.ring();
        may
    }

    /// The WebSocket takes over, or went away before it did.
    pub(super) fn move_to(&self, transport: Transport) {
        let mut state = self.state();
        if state.transport == Transport::Probing {
            state.transport = transport;
            state.noop = state.polled && transport == Transport::Socket;
        }
        drop(state);
        self.ring();
    }
}

/// A polling call under way.
pub(super) struct Call {
    session: Arc<Session>,
    is_poll: bool,
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut state = self.session.state();
        if self.is_poll {
            state.polled = false;
        } else {
            state.posted = false;
        }
    }
}

impl Call {
    /// Waits until there is something to say: the body, and what is handed on with it.
    pub(super) async fn answer(&self) -> (String, Vec<(String, Seq)>) {
        let (session, mut bell) = (&self.session, self.session.listen());
        let body = |packets: &[String]| engine::body(session.version, packets);
        loop {
            let (closed, noop, transport) = {
                let mut state = session.state();
                (state.closed, std::mem::take(&mut state.noop), state.transport)
            };
            if closed {
                return (body(&["1".to_owned()]), Vec::new());
            }
            if noop || transport == Transport::Socket {
                return (body(&["6".to_owned()]), Vec::new());
            }
            // what comes while a WebSocket probes waits for it
            let out = if transport == Transport::Polling { session.take() } else { Vec::new() };
            if !out.is_empty() {
                let marks = out.iter().filter_map(|out| out.mark.clone()).collect();
                let packets: Vec<String> = out.into_iter().map(|out| out.text).collect();
                return (body(&packets), marks);
            }
            if bell.changed().await.is_err() {
                return (body(&["1".to_owned()]), Vec::new());
            }
        }
    }
}
