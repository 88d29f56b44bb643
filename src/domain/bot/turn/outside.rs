//! Turns that no message began: time-outs (market, 1), and what hooks send (contract, 9).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::context::{EnvValue, of_hook};
use super::finish::{lone_jobs, lone_reply};
use super::select::Choice;
use super::{Chat, Facts, Reply, Selection, Snapshot, StepError};
use crate::domain::Micros;
use crate::domain::bot::document::Hook;
use crate::domain::bot::provider::{Incoming, Provider};
use crate::domain::bot::template::{Job, RenderError};

/// When a chat's state times out; none: never. Counted from when the partner was last heard; 0 seconds are never.
pub fn timeout_at(snapshot: &Snapshot, chat: &Chat) -> Option<Micros> {
    let state = snapshot.state(chat.state.as_deref())?;
    let seconds = state.settings.timeout_s.unwrap_or(snapshot.document().settings.timeout_s);
    if seconds == 0 || chat.memory.held {
        return None;
    }
    Some(chat.memory.seen_at.saturating_add(i64::from(seconds).saturating_mul(1_000_000)))
}

/// What happens when the time has come; none when it has not. Goes on as any selection does, with [`Incoming::nothing`].
pub fn timed_out(snapshot: &Snapshot, chat: &Chat, now: Micros) -> Option<Selection> {
    if timeout_at(snapshot, chat).is_none_or(|at| at > now) {
        return None;
    }
    let state = snapshot.state(chat.state.as_deref())?;
    let own = state.settings.on_timeout.as_deref();
    let handler = own.or(snapshot.document().settings.on_timeout.as_deref()).and_then(|id| snapshot.handler_at(id));
    Some(match handler {
        Some(at) => Selection::of_handler(at, chat),
        None => Selection { choice: Choice::Leave, slots: chat.memory.slots.clone(), ..Selection::default() },
    })
}

/// The templates of a hook's response for one provider.
pub fn hook_jobs(
    snapshot: &Snapshot,
    hook: &Hook,
    provider: Provider,
    env: &BTreeMap<String, EnvValue>,
    bot: &Map<String, Value>,
    data: &Value,
    now: Micros,
) -> Vec<Job> {
    lone_jobs(snapshot, &hook.response, of_hook(snapshot, env, bot, data, now), provider, now)
}

/// What a hook says, of its rendered templates.
///
/// # Errors
///
/// The text could not be rendered: nothing is sent. A broken keyboard costs the keyboard only, and is told besides.
pub fn hook_reply(
    hook: &Hook,
    provider: Provider,
    env: &BTreeMap<String, EnvValue>,
    now: Micros,
    rendered: Vec<Result<String, RenderError>>,
) -> Result<(Vec<Reply>, Vec<StepError>), StepError> {
    let facts = Facts {
        incoming: Incoming::nothing(provider, "", "", now),
        env: env.clone(),
        bot: Map::new(),
        now,
        explain: false,
    };
    lone_reply(&hook.response, &facts, rendered)
}
