//! Templates (bots contract, 6): Jinja's language, bounded in steps, source and output.
//!
//! Fuel bounds steps, not memory: no list of forbidden words closes that (B65). So the server renders owners' templates in
//! worker processes only (the room `bots`), which call [`render`] with a [`Job`]; here is what they do. Undefined values
//! print as nothing, and so do their members.

mod engine;
mod filters;
mod names;
mod now;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use engine::render;
pub use names::{check, env_names};
pub(in crate::domain::bot) use now::zone;

use crate::domain::Micros;

/// Bytes of a template at most.
pub const MAX_SOURCE: usize = 16 * 1024;
/// Bytes that a template prints at most.
pub const MAX_OUTPUT: usize = 64 * 1024;
/// Steps of one rendering at most.
pub const FUEL: u64 = 50_000;

/// What becomes of the values that a template prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Escape {
    /// They stay as they are: addresses, data, keyboards.
    #[default]
    None,
    /// `& < > "` are escaped unless marked as safe: texts for Telegram (B63).
    Html,
    /// They stay as they are, and the template's own tags are left out: texts for Kik and Messenger (B64).
    Plain,
}

/// One template to be rendered.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// The template.
    pub source: String,
    /// What it sees; `emoji` and `now` come by themselves. Shared by the jobs of one step.
    pub context: Arc<Value>,
    /// What becomes of the values it prints.
    pub escape: Escape,
    /// What `now` is.
    pub moment: Micros,
}

/// Why a template could not be rendered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind", content = "message")]
pub enum RenderError {
    /// It does not parse, or what it asks for does not exist.
    #[error("Jinja error: {0}")]
    Template(String),
    /// It took too many steps, or too long.
    #[error("the template takes too many steps")]
    Steps,
    /// It took too much memory, or its worker died.
    #[error("the template takes too much memory or time")]
    Bounds,
    /// It printed more than [`MAX_OUTPUT`].
    #[error("the template prints more than 64 KiB")]
    Output,
    /// Too much is waiting to be rendered, or the workers cannot be started.
    #[error("templates cannot be rendered now: {0}")]
    Unavailable(String),
}

impl Job {
    /// Renders here, without a bound on memory.
    ///
    /// # Errors
    ///
    /// See [`RenderError`].
    pub fn run(&self) -> Result<String, RenderError> {
        render(&self.source, &self.context, self.escape, self.moment)
    }
}
