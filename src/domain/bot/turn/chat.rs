//! What is remembered of one chat partner (bots contract, 5.1 step 2 and 5.4).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::Micros;
use crate::domain::bot::settings::Settings;

/// One chat partner of one bot at one provider.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Chat {
    /// The id of the state; none before the first change.
    pub state: Option<String>,
    /// The state context.
    pub context: Map<String, Value>,
    /// Everything that the reference does not know.
    pub memory: Memory,
}

/// What is remembered beyond state and context; one JSON object in the store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// Fallbacks and wrong answers in a row.
    pub attempts: u32,
    /// What the form of the state has been told so far.
    pub slots: Map<String, Value>,
    /// Whether that form still asks.
    pub asking: bool,
    /// `session.*`: until a restart.
    pub session: Map<String, Value>,
    /// `user.*`: for good.
    pub user: Map<String, Value>,
    /// The chat's language.
    pub language: Option<String>,
    /// Whether people hold the chat; the bot is silent then.
    pub held: bool,
    /// The states before this one, oldest first; an empty text for none.
    pub back: Vec<String>,
    /// When the partner was last heard.
    pub seen_at: Micros,
    /// When the context was last added to.
    pub context_at: Micros,
}

const MAX_BACK: usize = 16;

impl Chat {
    /// The context, unless it has expired (B59).
    pub fn context_at(&self, settings: &Settings, now: Micros) -> Map<String, Value> {
        let lives = i64::from(settings.context_expiry_s).saturating_mul(1_000_000);
        let expired = lives > 0 && now.saturating_sub(self.memory.context_at) > lives;
        if expired { Map::new() } else { self.context.clone() }
    }

    /// Into another state. Its form, if it has one, begins anew.
    pub(super) fn enter(&mut self, state: Option<String>, asks: bool) {
        if self.state != state {
            self.memory.back.push(self.state.take().unwrap_or_default());
            let surplus = self.memory.back.len().saturating_sub(MAX_BACK);
            self.memory.back.drain(..surplus);
        }
        self.state = state;
        self.memory.slots = Map::new();
        self.memory.asking = asks;
        self.memory.attempts = 0;
    }

    /// Forgets state, context and `session.*` (B59); who it is, and the language, stay.
    pub(super) fn restart(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        self.state = None;
        self.context = Map::new();
        self.memory = Memory {
            user: memory.user,
            language: memory.language,
            held: memory.held,
            seen_at: memory.seen_at,
            ..Memory::default()
        };
    }
}
