//! Built-in bots at work: what their rules in [`domain::bot`](crate::domain::bot) ask for and cannot do themselves.
//!
//! [`templates`] renders owners' templates in worker processes, so that one that eats memory or never ends costs a worker and
//! not the server (bots contract, 6.7).
//!
//! # What it promises
//!
//! A render that hits a bound is an error, and the next one works. Queues are bounded; idle workers cost nothing; workers end
//! when the server does, however it ends.

pub mod templates;
