//! HTTP doors: thin handlers, who comes in, error bodies, pages, operations.
//!
//! - [`server`]: the listening socket, all routes, starting and stopping.
//! - [`entry`]: who is asking: tokens, JWTs, visitor tokens, operators' logins, tickets.
//! - [`api`]: threads, members, messages, attachments, search. [`visitors`]: the widget's way in.
//! - [`builtin_bots`]: the built-in bots' REST interface and webhooks.
//! - [`conversations`]: those that operators hold, human or bot.
//! - [`unsubscribe`]: the page behind the links in mails.
//! - [`channels`]: calls of other protocols, before everything that is ours.
//! - [`ws`]: the upgrade to the multiplexed WebSocket.
//! - [`pages`]: what people look at; [`statics`]: files that are served, and [`lean`] how; [`openapi`]: all described.
//! - [`admin_pages`]: the pages for schemas and their results.
//! - [`operations`]: health, readiness, metrics. [`limits`]: rates. [`security`]: headers and request ids.
//! - [`error`]: the one place where refusals become bodies.
//!
//! # Invariants
//!
//! A handler decides nothing: rules live in [`domain`](crate::domain). Every body is bounded. 403 comes before any look
//! whether a thread exists. No token, ticket or password is logged.

pub mod admin_pages;
pub mod api;
pub mod botkit;
pub mod builtin_bots;
pub mod channels;
pub mod conversations;
pub mod entry;
pub mod error;
pub mod lean;
pub mod limits;
pub mod openapi;
pub mod operations;
pub mod pages;
pub mod security;
pub mod server;
pub mod site;
pub mod statics;
pub mod unsubscribe;
pub mod visitors;
pub mod ws;

use std::sync::Arc;

use crate::actors::House;
use crate::actors::conversations::Conversations;
use crate::bots::Bots;
use crate::channels::Channels;
use crate::outbound::Outbound;
use entry::jwt::JwtVerifier;
use entry::keys::Keys;
use entry::login::Passwords;
use entry::tickets::Tickets;
use limits::Limits;

/// What handlers need; cloning is cheap.
#[derive(Clone)]
pub struct Doors {
    /// The house behind the doors.
    pub house: House,
    /// The signing key.
    pub keys: Arc<Keys>,
    /// One-use tickets for WebSockets.
    pub tickets: Tickets,
    /// One-use links that sign in at the desk, made by the server itself.
    pub links: Tickets,
    /// Rates.
    pub limits: Limits,
    /// Checks the embedding site's tokens, if they are configured.
    pub jwt: Option<Arc<JwtVerifier>>,
    /// Checks passwords.
    pub passwords: Passwords,
    /// How the world calls this server, without a slash at the end.
    pub public_url: Arc<str>,
    /// Who is connected at Botkit's door.
    pub botkit: botkit::Rooms,
    /// The ways to other servers.
    pub outbound: Outbound,
    /// Doors of other protocols.
    pub channels: Channels,
    /// Built-in bots.
    pub bots: Bots,
    /// Conversations that operators hold.
    pub conversations: Conversations,
}
