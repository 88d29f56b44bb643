//! The scenarios, one file each.

mod fanout;
mod flat;
mod history;
mod idle;
mod pairs;
mod storm;

use crate::options::Options;
use crate::report::Table;
use anyhow::Result;

/// A scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// One large thread under bursts.
    FanoutBurst,
    /// One large thread, one message at a time.
    FanoutSingle,
    /// Many threads of two.
    Pairs,
    /// Idle connections.
    Idle,
    /// Pages of history.
    History,
    /// A reconnect storm.
    Storm,
    /// What a message costs as threads grow.
    Flat,
}

impl Scenario {
    /// All of them, in the order in which they run.
    pub const ALL: [Self; 7] =
        [Self::FanoutBurst, Self::FanoutSingle, Self::Pairs, Self::Idle, Self::History, Self::Storm, Self::Flat];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::FanoutBurst => "fanout-burst",
            Self::FanoutSingle => "fanout-single",
            Self::Pairs => "pairs",
            Self::Idle => "idle",
            Self::History => "history",
            Self::Storm => "storm",
            Self::Flat => "flat",
        }
    }

    /// Runs it.
    pub async fn run(self, options: &Options) -> Result<Vec<Table>> {
        match self {
            Self::FanoutBurst => fanout::burst(options).await,
            Self::FanoutSingle => fanout::single(options).await,
            Self::Pairs => pairs::run(options).await,
            Self::Idle => idle::run(options).await,
            Self::History => history::run(options).await,
            Self::Storm => storm::run(options).await,
            Self::Flat => flat::run(options).await,
        }
    }
}
