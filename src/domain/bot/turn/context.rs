//! What templates see (bots contract, 6.2), and the facts that a turn is decided on.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{AppResponse, Chat, Selection, Snapshot};
use crate::domain::Micros;
use crate::domain::bot::hours;
use crate::domain::bot::provider::Incoming;

/// An env var in clear.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvValue {
    /// Its value.
    pub value: String,
    /// Whether only requests may see it (B13).
    pub secret: bool,
}

/// What a turn is decided on.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// What came in; tickets are already [restored](crate::domain::bot::provider::Tickets::restore).
    pub incoming: Incoming,
    /// Env vars, unsealed.
    pub env: BTreeMap<String, EnvValue>,
    /// Variables of the whole bot.
    pub bot: Map<String, Value>,
    /// Now.
    pub now: Micros,
    /// Whether every handler is looked at, for the trace.
    pub explain: bool,
}

impl Facts {
    /// A text without the values of secrets.
    pub fn mask(&self, text: &str) -> String {
        let secrets = self.env.values().filter(|env| env.secret && !env.value.is_empty());
        secrets.fold(text.to_owned(), |text, secret| text.replace(&secret.value, "•••"))
    }
}

/// The context of a handler's templates. `response` is none for those of a request, which alone see secrets.
pub(super) fn build(
    snapshot: &Snapshot,
    selection: &Selection,
    chat: &Chat,
    facts: &Facts,
    response: Option<Value>,
) -> Arc<Value> {
    let settings = &snapshot.document().settings;
    let for_request = response.is_none();
    let env = env(&facts.env, for_request);
    let mut context = json!({
        "env": env,
        "pattern": selection.groups,
        "message": facts.incoming.message,
        "service": facts.incoming.provider.name(),
        "state_context": chat.context_at(settings, facts.now),
        "user": chat.memory.user,
        "session": chat.memory.session,
        "bot": bot_variables(snapshot, &facts.bot),
        "slots": selection.slots,
        "language": selection.language(chat, snapshot),
        "media": facts.incoming.media,
        "chat": {"id": facts.incoming.chat, "user": facts.incoming.user},
    });
    if let Some(hours) = &settings.hours {
        put(&mut context, "business_hours", hours::context(hours, facts.now));
    }
    if let Some(response) = response {
        put(&mut context, "response", response);
    }
    Arc::new(context)
}

/// The context of a hook's templates.
pub(super) fn of_hook(
    snapshot: &Snapshot,
    env_values: &BTreeMap<String, EnvValue>,
    bot: &Map<String, Value>,
    data: &Value,
    now: Micros,
) -> Arc<Value> {
    let mut context = json!({"env": env(env_values, false), "data": data, "bot": bot_variables(snapshot, bot)});
    if let Some(hours) = &snapshot.document().settings.hours {
        put(&mut context, "business_hours", hours::context(hours, now));
    }
    Arc::new(context)
}

fn put(context: &mut Value, key: &str, value: Value) {
    if let Some(object) = context.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}

fn env(values: &BTreeMap<String, EnvValue>, secrets: bool) -> Map<String, Value> {
    let seen = values.iter().filter(|(_, env)| secrets || !env.secret);
    seen.map(|(key, env)| (key.clone(), Value::String(env.value.clone()))).collect()
}

fn bot_variables(snapshot: &Snapshot, set: &Map<String, Value>) -> Map<String, Value> {
    let first = snapshot.document().settings.variables.iter();
    let mut all: Map<String, Value> = first.map(|(name, value)| (name.clone(), value.clone())).collect();
    all.extend(set.iter().map(|(name, value)| (name.clone(), value.clone())));
    all
}

/// `response` as templates see it: `{}` without a request.
pub(super) fn response_value(response: Option<&AppResponse>) -> Value {
    response.map_or_else(|| json!({}), AppResponse::value)
}
