//! A reconnect storm: everybody comes back within seconds and asks for what they missed.

use crate::bare::{MISSED, Shape};
use crate::fleet::{Crew, Fleet};
use crate::host::Host;
use crate::link::{Link, Seat};
use crate::options::Options;
use crate::report::{Table, figure, percentiles};
use crate::wire::{self, Kind};
use anyhow::{Context, Result, bail};
use serde_json::json;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};

const THREADS: usize = 100;
/// Members of each thread that leave and come back; one more stays and talks.
const RETURNING: usize = 10;
const SPREADS: [Duration; 2] = [Duration::from_secs(5), Duration::ZERO];
const PATIENCE: Duration = Duration::from_secs(60);

/// What a returning client knows.
struct Memory {
    log: String,
    revs: HashMap<u64, u64>,
}

/// What a storm gave.
struct Storm {
    clients: usize,
    /// From the first connection to the last `resumed`.
    all: Duration,
    cpu: Duration,
    /// Each client's time from connecting to `resumed`.
    micros: Vec<u32>,
    /// Clients that did not get exactly what they missed.
    wrong: usize,
}

/// Two storms on each server: spread over five seconds, and all at once.
pub async fn run(options: &Options) -> Result<Vec<Table>> {
    let threads = options.scaled(THREADS, 2);
    let heads = ["server, storm", "s until all resumed", "server CPU s", "CPU us / client", "ms p50 / p99", "wrong"];
    let title = format!("{} clients reconnect and resume after {MISSED} missed messages each", threads * RETURNING);
    let mut table = Table::new(title, &heads);
    let host = Host::subject(options)?;
    let shape = storms(&mut table, &host, "tertulia", threads).await.map_err(|error| host.explain(error))?;
    storms(&mut table, &Host::bare(shape)?, "bare", threads).await?;
    table.note("Wrong: clients that were not sent exactly the missed messages. The bare server keeps nothing: it sends as many constants of the same size.");
    Ok(vec![table])
}

async fn storms(table: &mut Table, host: &Host, name: &str, threads: usize) -> Result<Shape> {
    let rooms = host.rooms(threads, RETURNING + 1).await?;
    let (talking, returning): (Vec<Vec<Seat>>, Vec<Vec<Seat>>) =
        rooms.iter().map(|room| (room[..1].to_vec(), room[1..].to_vec())).unzip();
    let talkers = Fleet::connect(&talking, Crew { senders: 1, window: 4 }).await?;
    for spread in SPREADS {
        let present = Fleet::connect(&returning, Crew { senders: 0, window: 0 }).await?;
        talkers.for_messages(host.process(), 1).await?;
        present.quiet().await;
        let memory = Memory { log: talkers.board.log.borrow().clone(), revs: talkers.board.revs.borrow().clone() };
        drop(present);
        sleep(Duration::from_millis(500)).await;
        talkers.for_messages(host.process(), MISSED as u64).await?;
        let seats: Vec<Seat> = returning.iter().flatten().cloned().collect();
        add(table, &format!("{name}, over {} s", spread.as_secs()), &storm(host, &seats, &memory, spread).await?);
    }
    Ok(Shape { message: talkers.board.message_size.get(), ack: talkers.board.ack_size.get(), page: 0 })
}

async fn storm(host: &Host, seats: &[Seat], memory: &Memory, spread: Duration) -> Result<Storm> {
    let (cpu, start) = (host.process().cpu()?, Instant::now());
    let step = spread / seats.len().max(1) as u32;
    let clients: Vec<_> = seats
        .iter()
        .enumerate()
        .map(|(number, seat)| {
            let rev = memory.revs.get(&seat.thread).copied().unwrap_or(0);
            let resume =
                json!({"message": "resume", "data": {"log": memory.log, "threads": {seat.thread.to_string(): rev}}});
            spawn_local(come_back(seat.clone(), resume.to_string(), step * number as u32))
        })
        .collect();
    let (mut links, mut micros, mut wrong) = (Vec::new(), Vec::new(), 0);
    for client in clients {
        let (link, took, messages) = client.await??;
        // Held until all are back, so that nobody's leaving is part of the storm.
        links.push(link);
        micros.push(took.as_micros() as u32);
        wrong += usize::from(messages != MISSED);
    }
    Ok(Storm {
        clients: seats.len(),
        all: start.elapsed(),
        cpu: host.process().cpu()?.saturating_sub(cpu),
        micros,
        wrong,
    })
}

/// Waits for its turn, connects, resumes, and counts what it is sent.
async fn come_back(seat: Seat, resume: String, after: Duration) -> Result<(Link, Duration, usize)> {
    sleep(after).await;
    let start = Instant::now();
    let mut link = Link::open(&seat).await?;
    link.queue(&resume);
    link.flush().await?;
    let (mut messages, mut resumed, mut refused) = (0, false, None);
    while !resumed {
        let heard = link.receive(|payload, _| match wire::kind(payload) {
            Kind::Message => messages += 1,
            Kind::Resumed => resumed = true,
            Kind::Error | Kind::Goodbye | Kind::Resync => refused = Some(String::from_utf8_lossy(payload).into_owned()),
            Kind::Hello | Kind::Ack | Kind::Other => {}
        });
        timeout(PATIENCE, heard).await.context("no answer to resume")??;
        if let Some(refusal) = refused.take() {
            bail!("resume was answered with {refusal}");
        }
    }
    Ok((link, start.elapsed(), messages))
}

fn add(table: &mut Table, name: &str, storm: &Storm) {
    table.row([
        name.to_owned(),
        figure(storm.all.as_secs_f64()),
        figure(storm.cpu.as_secs_f64()),
        figure(storm.cpu.as_secs_f64() * 1e6 / storm.clients as f64),
        percentiles(&storm.micros),
        storm.wrong.to_string(),
    ]);
}
