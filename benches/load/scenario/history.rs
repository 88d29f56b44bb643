//! Pages out of a long thread.

use crate::bare::Shape;
use crate::fleet::{Crew, Fleet};
use crate::host::Host;
use crate::http::{Connection, Request};
use crate::link::Seat;
use crate::options::Options;
use crate::process::own_cpu;
use crate::report::{Table, figure, percentiles};
use anyhow::{Context, Result, ensure};
use std::time::{Duration, Instant};
use tokio::task::spawn_local;

const LENGTH: usize = 20_000;
const READERS: usize = 4;
const FIELDS: &str = "fields=id,seq,text,sender,created";

/// What one kind of page gave.
struct Pages {
    count: u64,
    bytes: u64,
    wall: Duration,
    cpu: Duration,
    client_cpu: Duration,
    micros: Vec<u32>,
}

/// Fills a thread, then reads pages of it from several places.
pub async fn run(options: &Options) -> Result<Vec<Table>> {
    let host = Host::subject(options)?;
    let crew = Crew { senders: 10, window: 8 };
    let length = options.scaled(LENGTH, 1_000);
    let rooms = host.rooms(1, crew.senders).await?;
    let fleet = Fleet::connect(&rooms, crew).await?;
    fleet.for_messages(host.process(), (length / crew.senders) as u64).await.map_err(|error| host.explain(error))?;
    drop(fleet);
    let seat = &rooms[0][0];
    let heads =
        ["page of 50", "requests / server CPU s", "requests / s", "ms p50 / p99", "kB a page", "clients' core, %"];
    let mut table = Table::new(format!("History: a thread of {length} messages, {READERS} readers"), &heads);
    let mut page_size = 0;
    for (name, query) in places(length) {
        let pages = read(&host, seat, &query, options.round).await?;
        page_size = page_size.max(if query.contains("fields") { 0 } else { pages.bytes / pages.count.max(1) });
        add(&mut table, &name, &pages);
    }
    let bare = Host::bare(Shape { message: 0, ack: 0, page: page_size as usize })?;
    let pages = read(&bare, &bare.rooms(1, 1).await?[0][0], "", options.round).await?;
    add(&mut table, "bare: a constant of the size of a full page", &pages);
    table
        .note("A member's own page marks what it shows as read; every page had been read once before it was measured.");
    Ok(vec![table])
}

fn places(length: usize) -> Vec<(String, String)> {
    let (middle, end) = (length / 2, length - 50);
    let queries = [
        ("first, by offset", "offset=0".to_owned()),
        ("middle, by offset", format!("offset={middle}")),
        ("last, by offset", format!("offset={end}")),
        ("first, by cursor", "after=0".to_owned()),
        ("middle, by cursor", format!("before={middle}")),
        ("newest", "newest=true".to_owned()),
        ("newest, five fields", format!("newest=true&{FIELDS}")),
    ];
    queries.into_iter().map(|(name, query)| (name.to_owned(), format!("limit=50&{query}"))).collect()
}

fn add(table: &mut Table, name: &str, pages: &Pages) {
    let count = pages.count as f64;
    table.row([
        name.to_owned(),
        figure(count / pages.cpu.as_secs_f64()),
        figure(count / pages.wall.as_secs_f64()),
        percentiles(&pages.micros),
        figure(pages.bytes as f64 / count / 1000.0),
        figure(100.0 * pages.client_cpu.as_secs_f64() / pages.wall.as_secs_f64()),
    ]);
}

async fn read(host: &Host, seat: &Seat, query: &str, length: Duration) -> Result<Pages> {
    let path = host.page_path(seat, query);
    let request = Request { method: "GET", path, authorization: seat.authorization.clone(), body: None };
    reader(seat.clone(), request.clone(), Instant::now()).await?;
    let (cpu, client_cpu, start) = (host.process().cpu()?, own_cpu()?, Instant::now());
    let readers: Vec<_> =
        (0..READERS).map(|_| spawn_local(reader(seat.clone(), request.clone(), start + length))).collect();
    let (mut micros, mut bytes) = (Vec::new(), 0);
    for reader in readers {
        let (times, size) = reader.await??;
        micros.extend(times);
        bytes += size;
    }
    Ok(Pages {
        count: micros.len() as u64,
        bytes,
        wall: start.elapsed(),
        cpu: host.process().cpu()?.saturating_sub(cpu),
        client_cpu: own_cpu()?.saturating_sub(client_cpu),
        micros,
    })
}

/// Asks again and again until `end`, at least once.
async fn reader(seat: Seat, request: Request, end: Instant) -> Result<(Vec<u32>, u64)> {
    let mut connection = Connection::open(seat.address).await.context("connect")?;
    let (mut micros, mut bytes) = (Vec::new(), 0);
    loop {
        let start = Instant::now();
        let (status, body) = connection.ask(&request).await?;
        ensure!(status == 200, "{} answered {status}: {}", request.path, String::from_utf8_lossy(&body));
        micros.push(start.elapsed().as_micros() as u32);
        bytes += body.len() as u64;
        if Instant::now() >= end {
            return Ok((micros, bytes));
        }
    }
}
