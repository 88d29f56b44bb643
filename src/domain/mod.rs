//! The rules of the house, pure: what is true, what may happen, and what it looks like on the wire.
//!
//! `domain` decides, the actors carry out. Everything uncertain (the time, the roster, the message that a command
//! speaks of) comes in as data; everything to be done comes out as data: a [`Decision`] of [`Change`]s, which the
//! store commits in one transaction, or a [`Refusal`] with the code of the contract.
//!
//! # The road of a message through this room
//!
//! 1. [`form`] turns a JSON body into typed input and collects the complaints of single fields.
//! 2. [`decide`](decide::decide) checks the command against the seat (mode, rights) and the facts, adds the complaints
//!    about the whole, and answers with a [`Decision`].
//! 3. After the commit, [`Event`]s say what is now true; [`ReadState`] and the roster are moved on by them.
//! 4. [`view`] writes the JSON that leaves, in two parts: what all recipients share, and what is one recipient's own.
//!
//! # Scripts
//!
//! [`expression`] and [`script`] hold the rules of scripted conversations and surveys: the language of variables and forks,
//! schemas, the check of answers, the walk from question to question, rollback, the checker.
//! [`answering`] and [`running`] turn what they say into decisions of seats.
//!
//! # Invariants
//!
//! No I/O, no clock, no randomness, no async, no actix, no diesel: the same input always gives the same answer.
//! Nothing here knows of sockets, tables or HTTP; the standard library, `serde`, `serde_json`, `bitflags`, `jiff`
//! (for the calendar, never for "now"), `regex` and `minijinja` (for the bots of [`bot`]) are all it uses.

pub mod account;
mod answering;
pub mod attachment;
pub mod bot;
pub mod botkit;
pub mod content;
pub mod conversation;
pub mod decide;
pub mod doors;
pub mod event;
pub mod expression;
pub mod form;
pub mod held;
pub mod members;
pub mod message;
pub mod mode;
pub mod network;
pub mod notifying;
pub mod opening;
pub mod posting;
pub mod refusal;
pub mod repetition;
pub mod reply;
pub mod resume;
pub mod rights;
pub mod roster;
pub mod running;
pub mod scene;
pub mod script;
pub mod seat;
pub mod service_time;
pub mod survey;
#[cfg(test)]
mod tests;
pub mod text;
pub mod time;
pub mod unread;
pub mod view;
pub mod visibility;

pub use account::{Account, Role};
pub use event::{Change, Decision, Event};
pub use message::Message;
pub use mode::Mode;
pub use refusal::{FieldErrors, Refusal};
pub use rights::{Notifications, Permissions};
pub use roster::Roster;
pub use seat::Seat;
pub use unread::ReadState;

/// The number of an account.
pub type AccountId = i64;
/// The number of a thread.
pub type ThreadId = i64;
/// The number of a message, unique in the house.
pub type MessageId = i64;
/// The number of an attachment.
pub type AttachmentId = i64;
/// The position of a message in its thread, counted from 1.
pub type Seq = i64;
/// The number of a change in a thread, counted from 1; what clients resume from (design, part 4).
pub type Rev = i64;
/// An instant: microseconds since 1970-01-01 UTC.
pub type Micros = i64;
