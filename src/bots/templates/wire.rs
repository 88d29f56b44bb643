//! What the pool and a worker say to each other: a line of JSON each.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::Micros;
use crate::domain::bot::template::{Escape, Job, RenderError};

/// Bytes of a line at most.
pub(super) const MAX_LINE: usize = 16 * 1024 * 1024;

/// A batch of templates with one context.
#[derive(Deserialize)]
pub(super) struct Batch {
    pub(super) context: Value,
    pub(super) jobs: Vec<Piece>,
}

/// The same, as it is written.
#[derive(Serialize)]
pub(super) struct BatchRef<'j> {
    context: &'j Value,
    jobs: Vec<PieceRef<'j>>,
}

/// One template.
#[derive(Deserialize)]
pub(super) struct Piece {
    pub(super) source: String,
    pub(super) escape: Escape,
    pub(super) moment: Micros,
}

#[derive(Serialize)]
struct PieceRef<'j> {
    source: &'j str,
    escape: Escape,
    moment: Micros,
}

/// What became of a template.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    Ok(String),
    Err(RenderError),
}

impl<'j> BatchRef<'j> {
    /// The first templates that share a context.
    pub(super) fn first(jobs: &'j [Job]) -> Option<Self> {
        let first = jobs.first()?;
        let alike = jobs.iter().take_while(|job| std::sync::Arc::ptr_eq(&job.context, &first.context));
        let jobs = alike.map(|job| PieceRef { source: &job.source, escape: job.escape, moment: job.moment });
        Some(Self { context: &first.context, jobs: jobs.collect() })
    }

    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }
}
