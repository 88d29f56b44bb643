//! One thread with many connected members.

use crate::duel::{Load, Way, duel};
use crate::fleet::Crew;
use crate::options::Options;
use crate::report::Table;
use anyhow::Result;

const MEMBERS: usize = 500;

/// Ten senders with eight messages outstanding each.
pub async fn burst(options: &Options) -> Result<Vec<Table>> {
    run(options, "bursts", Crew { senders: 10, window: 8 }, Way::Windows, 0.5).await
}

/// The next message when everybody has the last one.
pub async fn single(options: &Options) -> Result<Vec<Table>> {
    run(options, "one message at a time", Crew { senders: 1, window: 1 }, Way::OneAtATime, 0.7).await
}

async fn run(options: &Options, name: &str, crew: Crew, way: Way, goal: f64) -> Result<Vec<Table>> {
    let size = options.scaled(MEMBERS, crew.senders + 1);
    let title = format!("Fan-out to {size}, {name}");
    Ok(vec![duel(options, &Load { title, rooms: 1, size, crew, way, goal, goal_is_messages: false }).await?])
}
