//! Many threads of two members, both connected, one of them sending.

use crate::duel::{Load, Way, duel};
use crate::fleet::Crew;
use crate::options::Options;
use crate::report::Table;
use anyhow::Result;

const THREADS: usize = 500;
const WINDOWS: [u64; 2] = [1, 4];

/// Runs it with one and with several messages outstanding in each thread.
pub async fn run(options: &Options) -> Result<Vec<Table>> {
    let rooms = options.scaled(THREADS, 2);
    let mut tables = Vec::new();
    for window in WINDOWS {
        let title = format!("{rooms} threads of two, {window} outstanding in each");
        let crew = Crew { senders: 1, window };
        tables.push(
            duel(options, &Load { title, rooms, size: 2, crew, way: Way::Windows, goal: 0.5, goal_is_messages: true })
                .await?,
        );
    }
    Ok(tables)
}
