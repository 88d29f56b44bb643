//! Scripts and surveys: what a schema is, which answers it takes, and where an answer leads (contract, 8.1, 8.2, 9, 11,
//! 13, 14).
//!
//! Everything is a function of a [`Schema`] and plain values: no message is stored here, no identifier drawn, no time
//! asked. What is to be done comes out as data (a [`Moved`], a [`Rollback`]); the seat does it.
//!
//! # The road of an answer
//!
//! 1. [`answer::check`] says what is wrong with it; without complaint [`answer::stored`] gives the text to keep.
//! 2. [`Run::answered`] moves on. In this order it gives: the question's own message, if the front end is in control;
//!    the modifications of the chosen answers; the messages that follow, each with its modifications; where the seat
//!    stands then, and the pool.
//! 3. The store writes them in that order. Each [`Applied`] becomes an [`Entry`] of the seat's log, tied to the message
//!    that caused it, so that [`pool::replay`] can build the pool again when messages are taken back.
//! 4. [`rollback::plan`] finds the way back: which messages go, where the seat stands then.
//!
//! A script begins by [`Run::start`], the same walk without an answer.
//!
//! # A schema's own life
//!
//! [`record`] reads and writes the file of a schema, [`draft`] and [`parts`] read what administrators send, [`rules`] and
//! [`bounds`] say what may be saved, [`check`] walks all ways of a schema and says what is wrong with it, [`review`] asks both, [`preview`] walks one way,
//! [`wire`] shows it. [`survey`] uses it without any order: all
//! questions that the answers made visible may be answered.
//!
//! # Invariants
//!
//! A walk takes at most [`walk::MAX_STEPS`] steps and never stops at a fork. Replaying a log gives the pool that the
//! walks gave, chance included: an entry keeps what was drawn. Lists of a schema are in the order of their positions.

pub mod answer;
mod attached;
pub mod bounds;
pub mod check;
pub mod draft;
mod fields;
pub mod language;
pub mod moments;
pub mod parts;
pub mod pool;
pub mod preview;
mod progress;
pub mod record;
pub mod results;
pub mod review;
pub mod rollback;
pub mod rules;
pub mod schema;
pub mod survey;
pub mod template;
#[cfg(test)]
pub(in crate::domain) mod tests;
pub mod walk;
pub mod wire;

pub use attached::Template;
pub use pool::{Applied, Entry, Source};
pub use rollback::Rollback;
pub use schema::{Answer, Group, Question, QuestionKind, Schema};
pub use walk::{Moved, Run, Stand};

/// The number of a schema.
pub type SchemaId = i64;
/// The number of a question; not its `qid`.
pub type QuestionId = i64;
/// The number of an answer.
pub type AnswerId = i64;
/// Pairs of texts in order: `variable_modifications` (name, expression) and `forking_rules` (target, condition).
pub type Pairs = Vec<(String, String)>;
/// What draws `0 <= r < 1` for expressions.
pub type Dice<'a> = &'a mut dyn FnMut() -> f64;
