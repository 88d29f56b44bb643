//! Calls to other servers: the one HTTP client with its address guard, mail, and web push.
//!
//! # What it promises
//!
//! - **No call reaches a private address** unless `outbound.allow` names its network: literal addresses are checked before,
//!   names after they are resolved, and it is the checked address that is connected to. Only an [`Exchange`] follows
//!   redirects, each checked in the same way. No proxy is taken from the environment.
//! - **Every call ends**: time-outs for connecting and for the whole, a limit on what is read of an answer.
//! - What went wrong says whether another try can help ([`Failure`]).
//!
//! The mail server is the operator's own choice, so the guard does not hold for it. Nothing here knows what is sent or why:
//! that is the business of the [jobs](crate::actors::jobs). No URL's query, no body and no secret is logged.

pub mod calls;
mod client;
mod exchange;
pub mod key_file;
mod mail;
mod seal;
pub mod signature;
pub mod vapid;
pub mod web_push;

pub use calls::Caller;
pub use client::{Answer, Client};
pub use exchange::{Exchange, Exchanged, NoAnswer};
pub use mail::{Letter, Mailer};
pub use seal::Seal;

use std::time::Duration;

use crate::config::Config;

/// Headers under names of ours.
pub type Headers = Vec<(&'static str, String)>;

/// Why a call did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Another try may succeed; not before so long, if the other server said so.
    #[error("{why}")]
    Later {
        /// What happened.
        why: String,
        /// What the other server asked for.
        retry_after: Option<Duration>,
    },
    /// No other try will succeed.
    #[error("{0}")]
    Never(String),
}

impl Failure {
    /// A failure after which another try may succeed.
    pub fn later(why: impl Into<String>) -> Self {
        Failure::Later { why: why.into(), retry_after: None }
    }
}

/// All ways out of the house. Cloning is cheap.
#[derive(Clone)]
pub struct Outbound {
    /// HTTP.
    pub client: Client,
    /// Calls of bots.
    pub caller: Caller,
    /// Keeps the secrets that bots are told.
    pub seal: Seal,
    /// Mail, if it is configured.
    pub mailer: Option<Mailer>,
    /// The key by which push services know this server.
    pub vapid: vapid::VapidKey,
}

impl Outbound {
    /// Opens all ways out; makes the push key on the first start.
    pub fn open(config: &Config) -> Result<Self, String> {
        prepare_tls();
        Ok(Self {
            client: Client::new(&config.outbound)?,
            caller: Caller::new(&config.outbound, &config.bots)?,
            seal: Seal::load(&config.server.data_dir).map_err(|error| error.to_string())?,
            mailer: Mailer::new(&config.mail, config.outbound.timeout)?,
            vapid: vapid::VapidKey::load(&config.server.data_dir).map_err(|error| error.to_string())?,
        })
    }
}

/// Chooses the cryptography of all TLS connections of this process; whoever calls twice changes nothing.
pub fn prepare_tls() {
    // the error says that it was chosen already
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Everything that an error and its causes say.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = inner.source();
    }
    text
}
