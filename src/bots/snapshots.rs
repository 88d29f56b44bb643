//! Compiled configurations, one per bot, swapped whole when a new version is live (bots contract, 10).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use super::Bots;
use crate::domain::bot::document::Document;
use crate::domain::bot::turn::{EnvValue, Snapshot};
use crate::outbound::Seal;
use crate::store::{Connection, StoreError, bots as kept};

/// Configurations that are kept compiled.
const KEPT: usize = 1_000;

/// A configuration that is ready to be used.
#[derive(Clone)]
pub(super) struct Ready {
    /// Compiled.
    pub snapshot: Arc<Snapshot>,
    /// Env vars, opened.
    pub env: Arc<BTreeMap<String, EnvValue>>,
    version: i64,
}

/// What is compiled already. Cloning is cheap.
#[derive(Clone, Default)]
pub(super) struct Snapshots(Arc<Mutex<HashMap<String, Ready>>>);

impl Snapshots {
    fn get(&self, bot: &str, version: i64) -> Option<Ready> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(bot).filter(|ready| ready.version == version).cloned()
    }

    fn put(&self, bot: &str, ready: &Ready) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEPT && !known.contains_key(bot) {
            known.clear();
        }
        known.insert(bot.to_owned(), ready.clone());
    }
}

/// Env vars in clear.
fn open_env(document: &Document, seal: &Seal) -> BTreeMap<String, EnvValue> {
    let open = |value: &str| seal.open(value).unwrap_or_default();
    let each = document.env.iter().map(|one| {
        let value = if one.secret { open(&one.value) } else { one.value.clone() };
        (one.key.clone(), EnvValue { value, secret: one.secret })
    });
    each.collect()
}

/// Compiles a configuration.
pub(super) fn compile(document: Document, seal: &Seal, version: i64) -> Ready {
    let env = Arc::new(open_env(&document, seal));
    Ready { snapshot: Arc::new(Snapshot::new(document)), env, version }
}

impl Bots {
    /// The configuration of a bot that runs now.
    pub(super) async fn ready(&self, bot: &str) -> Result<Ready, StoreError> {
        let id = bot.to_owned();
        let version =
            self.house.store.read(move |connection: &mut Connection| Ok(kept::get(connection, &id)?.live)).await?;
        if let Some(ready) = self.snapshots.get(bot, version) {
            return Ok(ready);
        }
        let (id, seal) = (bot.to_owned(), self.outbound.seal.clone());
        let load = move |connection: &mut Connection| {
            let (version, document) = kept::live(connection, &id)?;
            Ok(compile(document, &seal, version))
        };
        let ready = self.house.store.read(load).await?;
        self.snapshots.put(bot, &ready);
        Ok(ready)
    }
}
