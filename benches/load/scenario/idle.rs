//! Memory for each idle connection.

use crate::bare::Shape;
use crate::fleet::{Crew, Fleet};
use crate::host::Host;
use crate::link::Seat;
use crate::options::Options;
use crate::process::{Memory, file_limits};
use crate::report::{Table, figure, verdict};
use anyhow::Result;
use std::time::Duration;
use tokio::time::sleep;

const CONNECTIONS: usize = 2_000;
const GOAL: f64 = 14.0;
const REST: Duration = Duration::from_secs(3);
const CREW: Crew = Crew { senders: 1, window: 1 };

/// Connects them all and weighs the server before and after.
pub async fn run(options: &Options) -> Result<Vec<Table>> {
    // Both the server and this process hold one end of each connection, and some files besides.
    let connections = options.scaled(CONNECTIONS, 20).min(file_limits()?.0.saturating_sub(200)) / 2 * 2;
    let mut table = Table::new(
        format!("Memory for each of {connections} idle connections"),
        &["connections", "kB each (Pss)", "kB each (Rss)", "server before, kB", "server after, kB", "goal"],
    );
    alone(&mut table, options, connections).await?;
    in_pairs(&mut table, Host::subject(options)?, "tertulia", connections).await?;
    in_pairs(&mut table, Host::bare(Shape { message: 1300, ack: 700, page: 0 })?, "bare", connections).await?;
    table.note("User space only; the kernel's socket buffers are in neither figure. Each server was started afresh, and 50 connections had come and gone before the first weighing.");
    Ok(vec![table])
}

async fn alone(table: &mut Table, options: &Options, connections: usize) -> Result<()> {
    let host = Host::subject(options)?;
    let seats = host.strangers(connections).await?;
    let host = host.restarted()?;
    let rooms = moved(vec![seats], &host);
    let before = warm(&rooms, &host).await?;
    let fleet = Fleet::connect(&rooms, Crew { senders: 0, window: 0 }).await?;
    sleep(REST).await;
    weigh(table, "tertulia, accounts in no thread", before, host.process().memory()?, connections);
    drop(fleet);
    Ok(())
}

/// Every two connections share a thread; weighed when connected, and again after a message in every thread.
async fn in_pairs(table: &mut Table, host: Host, name: &str, connections: usize) -> Result<()> {
    let rooms = host.rooms(connections / 2, 2).await?;
    let host = host.restarted()?;
    let rooms: Vec<Vec<Seat>> = rooms.into_iter().flat_map(|room| moved(vec![room], &host)).collect();
    let before = warm(&rooms, &host).await?;
    let fleet = Fleet::connect(&rooms, CREW).await?;
    sleep(REST).await;
    weigh(table, &format!("{name}, two to a thread"), before, host.process().memory()?, connections);
    fleet.for_messages(host.process(), 1).await?;
    sleep(REST).await;
    weigh(
        table,
        &format!("{name}, the same after a message in each thread"),
        before,
        host.process().memory()?,
        connections,
    );
    Ok(())
}

/// A server listens elsewhere after a restart.
fn moved(mut rooms: Vec<Vec<Seat>>, host: &Host) -> Vec<Vec<Seat>> {
    rooms.iter_mut().flatten().for_each(|seat| seat.address = host.process().address);
    rooms
}

/// Some connections come and go, so that what the server sets up once is not charged to the others.
async fn warm(rooms: &[Vec<Seat>], host: &Host) -> Result<Memory> {
    let some: Vec<Vec<Seat>> = rooms.iter().flatten().take(50).map(|seat| vec![seat.clone()]).collect();
    drop(Fleet::connect(&some, Crew { senders: 0, window: 0 }).await?);
    sleep(REST).await;
    host.process().memory()
}

fn weigh(table: &mut Table, name: &str, before: Memory, after: Memory, connections: usize) {
    let each = |before: u64, after: u64| (after as f64 - before as f64) / connections as f64;
    let pss = each(before.pss, after.pss);
    let goal = if name.starts_with("tertulia") { verdict(pss, GOAL, false) } else { String::new() };
    let rss = each(before.rss, after.rss);
    table.row([name.to_owned(), figure(pss), figure(rss), figure(before.pss as f64), figure(after.pss as f64), goal]);
}
