//! Conversations that operators hold, human or bot: the rules of the bot-webhooks contract, pure.
//!
//! A *contact* talks through a *widget*; an *operator* holds the conversation; while a bot holds it there is a *session*, named
//! by its `cid`. [`step`](step::step) is the one decision: from the [`Conversation`](state::Conversation), what happened
//! ([`Input`](step::Input)) and a snapshot of the organisation ([`World`](world::World)) to what is to be done
//! ([`Effect`](step::Effect)). State, effects and the calls that wait are data: they are stored with the conversation in
//! one transaction, so that a crash loses none of them.
//!
//! # The road of what happens
//!
//! 1. A door turns what it heard into an [`Input`](step::Input): for a bot's request by way of [`batch`] (form), with the
//!    files behind its links fetched in between (the one thing that is I/O).
//! 2. [`step`](step::step) moves the state on: [`routing`] says who gets the conversation, [`event`] what a bot may ask for,
//!    [`convert`] and [`number`] what the contact reads and picks, [`limit`] how often a bot may ask.
//! 3. The caller commits the state and carries the effects out: posts, webhook calls ([`packet`]), changes of the contact.
//! 4. It calls again with [`Input::Tick`](step::Input::Tick) when [`Step::wake_at`](step::Step::wake_at) has come.
//!
//! # What it promises
//!
//! A session that is over is never resumed and makes no calls; calls of one session are made one at a time and in order;
//! everything that can grow is bounded; the same input gives the same answer (the dice for `cid`s are an argument).
//! What kind of bot it is (a webhook, Rasa, a built-in one) only matters to whoever makes the call.

pub mod batch;
mod bot;
mod calls;
mod carry;
pub mod change;
mod clock;
mod contact;
pub mod convert;
mod ending;
pub mod event;
pub mod limit;
pub mod markdown;
pub mod number;
pub mod packet;
mod reader;
mod reading;
pub mod routing;
mod run;
pub mod settings;
pub mod settings_form;
mod staff;
pub mod state;
pub mod step;
#[cfg(test)]
mod tests;
pub mod world;

use super::{AccountId, Micros};

/// The number of a group of operators.
pub type GroupId = i64;
/// The number of a skill.
pub type SkillId = i64;
/// The place of an entry among those that this module posted in its conversation, counted from 1 and unique there; see
/// [`entry_id`](state::Conversation::entry_id).
pub type Key = u64;

/// One second in the unit of instants.
pub const SECOND: Micros = 1_000_000;
