//! Who is connected: each account's live sessions. The one place where a session is found, ended, or counted.
//!
//! A session joins when it opens and leaves when it ends. Seats look their member's sessions up when there is something
//! to deliver, so a connection costs one entry here, however many threads its account is in. Heartbeats are judged
//! from outside the sessions, since a session whose peer takes nothing does not run (actix/actix-web#2441).

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::outbox::{Outbox, Outgoing};
use crate::domain::{AccountId, Micros};
use crate::metrics::Metrics;
use crate::store::accounts::{Credential, Revoked};

/// Why the server ends a connection: the close code and the reason tell the client whether to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goodbye {
    /// The server stops or restarts: come back.
    Restart,
    /// The client did not keep up: come back and resume.
    SlowReader,
    /// Nothing was heard for too long.
    Silent,
    /// The token or login that opened the connection was revoked, or the account disabled: do not come back with it.
    Revoked,
}

impl Goodbye {
    /// The WebSocket close code.
    pub fn close_code(self) -> u16 {
        match self {
            Goodbye::Restart => 1012,
            Goodbye::SlowReader => 4008,
            Goodbye::Silent => 1001,
            Goodbye::Revoked => 4001,
        }
    }

    /// The reason on the wire.
    pub fn reason(self) -> &'static str {
        match self {
            Goodbye::Restart => "restart",
            Goodbye::SlowReader => "slow_reader",
            Goodbye::Silent => "silent",
            Goodbye::Revoked => "revoked",
        }
    }
}

/// The longest time between letting a session in and its opening.
const OPENING: Duration = Duration::from_secs(10);

/// Whether a revocation ends what this account opened with this.
fn concerns(what: &Revoked, account: AccountId, credential: Credential) -> bool {
    match what {
        Revoked::Token(id) => credential == Credential::Token(*id),
        Revoked::Login(id) => credential == Credential::Login(*id),
        Revoked::Account(id) => account == *id,
    }
}

/// A live session as others see it.
#[derive(Clone)]
pub struct LiveSession {
    /// Its number on this node.
    pub id: u64,
    /// What waits for it.
    pub outbox: Outbox,
    /// What opened it.
    pub credential: Credential,
    /// When it asked to be let in.
    pub asked: Instant,
    /// When something was last heard from it.
    pub heard: Arc<AtomicI64>,
}

/// An account that came (`true`) or went.
pub(super) type News = (AccountId, bool);

struct Inner {
    accounts: RwLock<HashMap<AccountId, Vec<LiveSession>>>,
    /// Moves whenever an account comes: threads look again then who is present.
    arrivals: AtomicU64,
    next_session: AtomicU64,
    closing: AtomicBool,
    /// What was revoked lately: a session may have been let in just before, and open just after.
    revoked: Mutex<Vec<(Instant, Revoked)>>,
    news: RwLock<Option<mpsc::Sender<News>>>,
    metrics: Metrics,
}

/// All live sessions; clones are the same.
#[derive(Clone)]
pub struct Presence(Arc<Inner>);

impl Presence {
    /// Nobody is here yet.
    pub fn new(metrics: Metrics) -> Self {
        Self(Arc::new(Inner {
            accounts: RwLock::default(),
            arrivals: AtomicU64::new(0),
            next_session: AtomicU64::new(1),
            closing: AtomicBool::new(false),
            revoked: Mutex::default(),
            news: RwLock::default(),
            metrics,
        }))
    }

    /// Where comings and goings are told from now on.
    pub(super) fn tell(&self, news: mpsc::Sender<News>) {
        *self.0.news.write().unwrap_or_else(PoisonError::into_inner) = Some(news);
    }

    /// A number for a new session.
    pub fn next_session(&self) -> u64 {
        self.0.next_session.fetch_add(1, Ordering::Relaxed)
    }

    /// A session opens. When the server is closing, it is ended at once.
    pub fn join(&self, account: AccountId, session: LiveSession) {
        if self.0.closing.load(Ordering::SeqCst) {
            session.outbox.end(Goodbye::Restart);
        }
        let (outbox, credential, asked) = (session.outbox.clone(), session.credential, session.asked);
        let mut accounts = self.0.accounts.write().unwrap_or_else(PoisonError::into_inner);
        // most accounts have one connection: room for one, not for the usual four
        let sessions = accounts.entry(account).or_insert_with(|| Vec::with_capacity(1));
        sessions.push(session);
        let came = sessions.len() == 1;
        drop(accounts);
        self.0.metrics.connections.inc();
        // looked at after it joined: whatever is revoked later finds it among the others
        if self.is_revoked(account, credential, asked) {
            outbox.end(Goodbye::Revoked);
        }
        if came {
            self.0.arrivals.fetch_add(1, Ordering::SeqCst);
            self.spread(account, true);
        }
    }

    /// A session ends.
    pub fn leave(&self, account: AccountId, session: u64) {
        let mut accounts = self.0.accounts.write().unwrap_or_else(PoisonError::into_inner);
        let Some(sessions) = accounts.get_mut(&account) else { return };
        let before = sessions.len();
        sessions.retain(|live| live.id != session);
        let left = before - sessions.len();
        let went = sessions.is_empty();
        if went {
            accounts.remove(&account);
        }
        drop(accounts);
        if left > 0 {
            self.0.metrics.connections.dec();
        }
        if went {
            self.spread(account, false);
        }
    }

    /// News of presence are hints: when the queue is full, one is lost, and the next connection tells anew.
    fn spread(&self, account: AccountId, here: bool) {
        let news = self.0.news.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(news) = news.as_ref()
            && news.try_send((account, here)).is_err()
        {
            self.0.metrics.mailbox_full.inc();
        }
    }

    /// A number that moves whenever an account comes.
    pub fn arrivals(&self) -> u64 {
        self.0.arrivals.load(Ordering::SeqCst)
    }

    /// Whether the account has a live session.
    pub fn is_online(&self, account: AccountId) -> bool {
        self.0.accounts.read().unwrap_or_else(PoisonError::into_inner).contains_key(&account)
    }

    /// Live sessions on this node.
    pub fn connections(&self) -> i64 {
        self.0.metrics.connections.get()
    }

    /// Pushes frames to every session of the account; whether there was one. A session that does not take them leaves.
    pub fn deliver(&self, account: AccountId, frames: &[Outgoing]) -> bool {
        let accounts = self.0.accounts.read().unwrap_or_else(PoisonError::into_inner);
        let Some(sessions) = accounts.get(&account) else { return false };
        let stuck: Vec<u64> = sessions
            .iter()
            .filter(|session| !session.outbox.push(frames.iter().cloned()))
            .map(|session| session.id)
            .collect();
        drop(accounts);
        for session in stuck {
            self.leave(account, session);
        }
        true
    }

    fn end_where(&self, goodbye: Goodbye, meant: impl Fn(AccountId, &LiveSession) -> bool) -> usize {
        let accounts = self.0.accounts.read().unwrap_or_else(PoisonError::into_inner);
        let mut ended = Vec::new();
        for (account, sessions) in accounts.iter() {
            for session in sessions.iter().filter(|session| meant(*account, session)) {
                session.outbox.end(goodbye);
                ended.push((*account, session.id));
            }
        }
        drop(accounts);
        for (account, session) in &ended {
            self.leave(*account, *session);
        }
        ended.len()
    }

    /// Ends every session of an account.
    pub fn end_account(&self, account: AccountId, goodbye: Goodbye) {
        self.end_where(goodbye, |of, _| of == account);
    }

    /// Ends every session, and every one that opens from now on.
    pub fn close_all(&self, goodbye: Goodbye) {
        self.0.closing.store(true, Ordering::SeqCst);
        self.end_where(goodbye, |_, _| true);
    }

    /// Whether the server is closing.
    pub fn is_closing(&self) -> bool {
        self.0.closing.load(Ordering::SeqCst)
    }

    /// Ends what was opened by what has been revoked, also what is opening just now.
    pub fn revoke(&self, revoked: &[Revoked]) {
        if revoked.is_empty() {
            return;
        }
        let now = Instant::now();
        let mut recent = self.0.revoked.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|(at, _)| now.duration_since(*at) < OPENING);
        recent.extend(revoked.iter().map(|what| (now, *what)));
        drop(recent);
        self.end_where(Goodbye::Revoked, |account, session| {
            revoked.iter().any(|what| concerns(what, account, session.credential))
        });
    }

    /// Whether a session that was let in at `asked` was let in by something that has been revoked meanwhile.
    fn is_revoked(&self, account: AccountId, credential: Credential, asked: Instant) -> bool {
        let recent = self.0.revoked.lock().unwrap_or_else(PoisonError::into_inner);
        recent.iter().any(|(at, what)| *at >= asked && concerns(what, account, credential))
    }

    /// Pings everybody and ends the sessions of which nothing was heard since `silent_since`; how many those were.
    pub fn beat(&self, ping: &Outgoing, silent_since: Micros) -> usize {
        let ended = self.end_where(Goodbye::Silent, |_, session| session.heard.load(Ordering::Relaxed) < silent_since);
        let accounts = self.0.accounts.read().unwrap_or_else(PoisonError::into_inner);
        for session in accounts.values().flatten() {
            session.outbox.push([ping.clone()]);
        }
        ended
    }
}
