//! What every actor and door needs of the house, in one handle.

use std::ops::Deref;
use std::sync::Arc;

use super::clock::Clock;
use super::conversations::Locks;
use super::listening::Listening;
use super::presence::Presence;
use super::registry::Registry;
use crate::config::Config;
use crate::domain::scene::ScriptRules;
use crate::domain::view::Look;
use crate::metrics::Metrics;
use crate::store::{Store, StoreError, meta};

/// The house. Cloning is a counter, and clones are the same house: each session and actor keeps one.
#[derive(Clone)]
pub struct House(Arc<Parts>);

/// What the house is made of.
pub struct Parts {
    /// Every setting.
    pub config: Arc<Config>,
    /// The store.
    pub store: Store,
    /// The clock.
    pub clock: Clock,
    /// Counters.
    pub metrics: Metrics,
    /// How things look from outside.
    pub look: Arc<Look>,
    /// Which history the revisions belong to.
    pub log: Arc<str>,
    /// Who hears of threads without a seat.
    pub listening: Listening,
    /// Which conversations are moving now.
    pub conversations: Locks,
    /// Who is connected.
    pub presence: Presence,
    /// Which threads are awake.
    pub registry: Registry,
}

impl Parts {
    /// How the world calls this server, without a slash at the end.
    pub fn public_url(&self) -> String {
        self.look.media_base.trim_end_matches("/media/").to_owned()
    }

    /// How scripts are run here.
    pub fn script_rules(&self) -> ScriptRules {
        let remind_after = self.config.notifications.remind_after;
        ScriptRules {
            escape: self.look.escape,
            reset_on_repeat: self.config.scripts.reset_variables,
            remind_after: i64::try_from(remind_after.as_micros()).ok().filter(|after| *after > 0),
        }
    }
}

impl House {
    /// Opens the store and wakes the arbiters on which threads will live. `public_url` is how the world calls this
    /// server, without a slash at the end.
    pub async fn open(config: Config, public_url: &str) -> Result<House, StoreError> {
        let metrics = Metrics::new();
        let store = Store::open(&config, metrics.clone())?;
        let log = store.read(meta::log_id).await?;
        let look = Look {
            media_base: format!("{public_url}/media/"),
            placeholder: format!("{public_url}/static/avatar.svg"),
            escape: config.chat.escape_text,
        };
        let registry = Registry::new(config.server.arbiters);
        Ok(House(Arc::new(Parts {
            presence: Presence::new(metrics.clone()),
            listening: Listening::default(),
            conversations: Locks::default(),
            registry,
            config: Arc::new(config),
            store,
            clock: Clock::default(),
            metrics,
            look: Arc::new(look),
            log: log.into(),
        })))
    }
}

impl Deref for House {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
