//! One turn of a bot (bots contract, 5): from what came in to what is said, which state comes next, and why.
//!
//! Templates are rendered elsewhere, in processes with bounds, so a turn is a road of steps with data between them:
//!
//! 1. [`select`] says which handler it is, and for each why (not).
//! 2. [`request_jobs`] lists the templates of its call; rendered, [`request`] makes them the description of one call.
//! 3. [`reply_jobs`] lists the templates of the answer, which see the [`AppResponse`].
//! 4. [`finish`] makes of them what is said, the chat as it is afterwards, and what else is to be done.
//!
//! What goes wrong on the way becomes a [`StepError`]; [`apology`] is said then and the state stays (B46, B47).

mod chat;
mod commands;
mod context;
mod finish;
mod form;
mod outside;
mod request;
mod select;
mod snapshot;
#[cfg(test)]
mod tests;
mod trace;
mod variables;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use chat::{Chat, Memory};
pub use context::{EnvValue, Facts};
pub use finish::{apology, finish, reply_jobs};
pub use outside::{hook_jobs, hook_reply, timed_out, timeout_at};
pub use request::{AppResponse, RequestPlan, percent_encode, request, request_jobs};
pub use select::{Selection, select};
pub use snapshot::Snapshot;
pub use trace::{Trace, Tried, Why};

use super::keyboard::Button;
use super::template::RenderError;
use crate::domain::content::Content;

/// Renders templates now and here: for tests and tools. The server renders in processes with bounds, between the steps.
pub trait Render {
    /// Renders each; the results are in the order of the jobs.
    fn render(&mut self, jobs: &[super::template::Job]) -> Vec<Result<String, RenderError>>;
}

/// Something that a bot says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The text: with marks of HTML for Telegram, plain for all others.
    pub text: String,
    /// Buttons, one a row.
    pub keyboard: Vec<Button>,
    /// Cards or media, in the neutral form; `text` has what somebody reads who sees nothing of it.
    pub content: Option<Content>,
    /// Milliseconds of typing before it.
    pub typing_ms: u32,
}

impl Reply {
    /// Whether there is nothing to send (B77).
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty() && self.content.is_none()
    }
}

/// What one turn came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// What is said, in order.
    pub replies: Vec<Reply>,
    /// The chat as it is afterwards.
    pub chat: Chat,
    /// Variables of the whole bot that were set.
    pub bot: Map<String, Value>,
    /// The chat goes to people: to which team, if one was named.
    pub handoff: Option<Handoff>,
    /// Whether the conversation is over.
    pub end: bool,
    /// What went wrong, for the owner's error log.
    pub errors: Vec<StepError>,
    /// Why.
    pub trace: Trace,
}

/// A chat goes to people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handoff {
    /// To which team.
    pub to: Option<String>,
    /// Why: `handler`, `attempts`, `failure`.
    pub reason: String,
}

/// What went wrong (B47). Secrets are masked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepError {
    /// The handler's id.
    pub handler: Option<String>,
    /// `url`, `headers`, `data`, `call`, `text`, `keyboard`, `media`, `variables`.
    pub step: String,
    /// What.
    pub message: String,
}

/// Carries a whole turn out with a renderer and a caller at hand: for tests, dry runs and tools.
pub fn run(
    snapshot: &Snapshot,
    chat: &Chat,
    facts: &Facts,
    render: &mut dyn Render,
    call: &mut dyn FnMut(&RequestPlan) -> AppResponse,
) -> Turn {
    let selection = select(snapshot, chat, facts);
    let jobs = request_jobs(snapshot, &selection, chat, facts);
    let response = if jobs.is_empty() {
        Ok(None)
    } else {
        let rendered = render.render(&jobs);
        request(snapshot, &selection, facts, rendered).map(|plan| {
            let refused = plan.refused.as_deref().map(AppResponse::failed);
            Some((refused.unwrap_or_else(|| call(&plan)), plan))
        })
    };
    let (response, plan) = match response {
        Err(error) => return apology(snapshot, &selection, chat, facts, error),
        Ok(None) => (None, None),
        Ok(Some((response, plan))) => (Some(response), Some(plan)),
    };
    let jobs = reply_jobs(snapshot, &selection, chat, facts, response.as_ref());
    let rendered = render.render(&jobs);
    let mut turn = finish(snapshot, &selection, chat, facts, response.as_ref(), rendered);
    turn.trace.request = plan.map(|plan| plan.masked(facts));
    turn
}
