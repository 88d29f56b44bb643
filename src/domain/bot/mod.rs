//! Built-in bots (bots contract): configured, not programmed. An owner writes handlers and states; the house does the rest.
//!
//! A bot's whole configuration is one [`Document`](document::Document): it is stored in versions, swapped whole, imported
//! and exported as it is. Everything here is pure; calls and clocks come in as data.
//!
//! # The road of a message
//!
//! 1. [`provider::parse`] reads the provider's body; [`provider::Tickets`] put back what buttons stand for.
//! 2. [`turn`] chooses the handler, describes the call to the owner's app, and makes what is said and the chat as it is
//!    afterwards. Templates ([`template`]) are rendered in between, elsewhere: they are the owner's and may be hostile.
//! 3. [`provider::reply`] makes the calls that bring it to the person, cut by [`split`].
//!
//! [`review`] checks a configuration before it is let in; the single checks are [`pattern`], [`template::check`], [`html`] and
//! [`keyboard`].

pub mod document;
pub mod emoji;
pub mod hours;
pub mod html;
pub mod keyboard;
pub mod language;
mod literal;
pub mod pattern;
pub mod provider;
pub mod review;
pub mod settings;
pub mod split;
pub mod state_context;
pub mod template;
pub mod turn;

#[cfg(test)]
mod tests;
