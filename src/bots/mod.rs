//! Built-in bots at work: what providers send becomes turns, and turns become calls (bots contract, 4, 5, 8 to 10).
//!
//! # The road
//!
//! ```text
//! webhook ──take──▶ update + job ══commit══▶ 200
//! job `bot.turn` ──▶ thread (as the contact) ──▶ select, call the app, render ──▶ state + jobs ══commit══▶
//! job `bot.send` ──▶ provider          job `bot.say` ──▶ thread (as the bot)
//! ```
//!
//! - [`intake`]: updates, once. [`turning`]: one turn. [`sending`]: calls to providers, in order per chat. [`hooking`]: posts
//!   to notification hooks. [`calling`]: the owner's app. [`dry_run`]: a turn without effects. [`upkeep`]: what is forgotten.
//! - [`templates`]: owners' templates are rendered in worker processes, so that one that eats memory or never ends costs a
//!   worker and not the server. [`signature`]: how providers sign.
//!
//! # What it promises
//!
//! One turn at a time per partner; a turn's state, messages and calls are one commit, so a repeat changes nothing. A
//! configuration is one immutable snapshot, looked up for each turn, so a change is seen by the next message.

mod brain;
mod calling;
pub mod dry_run;
pub mod hooking;
pub mod intake;
mod jobs;
mod providers;
mod sending;
mod signature;
mod snapshots;
pub mod templates;
mod turning;
mod upkeep;

pub use jobs::Carrier;
pub use providers::{CallFailed, Secrets, mark, masked};
pub use sending::leave;

pub use crate::domain::bot::provider::Credentials;

use std::sync::Arc;

use crate::actors::House;
use crate::domain::bot::provider::Limits;
use crate::domain::bot::template::{Job, RenderError};
use crate::outbound::Outbound;
use calling::Gate;
use snapshots::Snapshots;
use templates::{Templates, TemplatesConfig};

/// Everything that bots need. Cloning is cheap.
#[derive(Clone)]
pub struct Bots {
    house: House,
    outbound: Outbound,
    domain: Arc<str>,
    limits: Arc<Limits>,
    snapshots: Snapshots,
    gate: Gate,
    templates: Templates,
}

impl Bots {
    /// Bots of a house that the world calls `public_url`.
    pub fn open(house: &House, outbound: &Outbound, public_url: &str) -> Self {
        let general = public_url.split_once("://").map_or(public_url, |(_, host)| host);
        let domain = house.config.bots.domain.clone().unwrap_or_else(|| general.to_owned());
        Self {
            house: house.clone(),
            outbound: outbound.clone(),
            domain: domain.trim_end_matches('/').into(),
            limits: Arc::new(Limits::default()),
            snapshots: Snapshots::default(),
            gate: Gate::default(),
            templates: Templates::start(TemplatesConfig::default()),
        }
    }

    /// Renders templates, bounded in time and memory.
    pub async fn render(&self, jobs: Vec<Job>) -> Vec<Result<String, RenderError>> {
        self.templates.render(jobs).await
    }
}
