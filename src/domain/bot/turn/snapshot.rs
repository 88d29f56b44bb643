//! A bot's configuration, ready to be used: patterns compiled once per version. It never changes.

use std::cmp::Reverse;

use crate::domain::bot::document::{Document, Handler, State};
use crate::domain::bot::pattern::Pattern;

/// A compiled document. What does not compile is kept and never matches; [`review`](crate::domain::bot::review) says so.
#[derive(Debug)]
pub struct Snapshot {
    document: Document,
    patterns: Vec<Result<Pattern, String>>,
    /// Handlers as they are tried: priority, highest first, then oldest first (B20).
    order: Vec<usize>,
}

impl Snapshot {
    /// Compiles a document.
    pub fn new(document: Document) -> Self {
        let patterns = document.handlers.iter().map(|handler| Pattern::compile(&handler.pattern)).collect();
        let mut order: Vec<usize> = (0..document.handlers.len()).collect();
        order.sort_by_key(|at| document.handlers.get(*at).map(|handler| Reverse(handler.priority)));
        Self { document, patterns, order }
    }

    /// The document.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Handlers in the order in which they are tried, for the list of the API too (3.5).
    pub fn ordered(&self) -> impl Iterator<Item = &Handler> {
        self.order.iter().filter_map(|at| self.document.handlers.get(*at))
    }

    pub(super) fn tried(&self) -> impl Iterator<Item = (usize, &Handler, &Result<Pattern, String>)> {
        self.order.iter().filter_map(|at| Some((*at, self.document.handlers.get(*at)?, self.patterns.get(*at)?)))
    }

    pub(super) fn handler(&self, at: usize) -> Option<&Handler> {
        self.document.handlers.get(at)
    }

    /// The handler of an id, enabled or not: time-outs and forms name handlers that no message reaches.
    pub(super) fn handler_at(&self, id: &str) -> Option<usize> {
        self.document.handlers.iter().position(|handler| handler.stamp.id == id)
    }

    /// The state of an id, as long as it exists.
    pub fn state(&self, id: Option<&str>) -> Option<&State> {
        self.document.states.iter().find(|state| Some(state.stamp.id.as_str()) == id)
    }
}
