//! The same load on both servers, in turns.

use crate::bare::Shape;
use crate::fleet::{Crew, Fleet, Round};
use crate::host::Host;
use crate::link::Seat;
use crate::options::Options;
use crate::report::{Table, figure, percentiles, verdict};
use anyhow::Result;
use std::time::Duration;

/// How the senders send.
#[derive(Clone, Copy)]
pub enum Way {
    /// They keep their windows full.
    Windows,
    /// One message at a time, for everybody.
    OneAtATime,
}

/// A load, and what is wanted of it.
pub struct Load {
    /// Name of the table.
    pub title: String,
    /// Threads.
    pub rooms: usize,
    /// Members of each thread, all connected.
    pub size: usize,
    /// Who sends.
    pub crew: Crew,
    /// How they send.
    pub way: Way,
    /// The ratio aimed at.
    pub goal: f64,
    /// Whether the goal is about messages instead of deliveries.
    pub goal_is_messages: bool,
}

/// Runs the load against both and tells how they compare.
pub async fn duel(options: &Options, load: &Load) -> Result<Table> {
    let subject = Host::subject(options)?;
    match against_bare(options, load, &subject).await {
        Ok(table) => Ok(table),
        Err(error) => Err(subject.explain(error)),
    }
}

async fn against_bare(options: &Options, load: &Load, subject: &Host) -> Result<Table> {
    let rooms = subject.rooms(load.rooms, load.size).await?;
    let theirs = Fleet::connect(&rooms, load.crew).await?;
    let shape = sizes(&theirs, subject).await?;
    let bare = Host::bare(shape)?;
    let bare_rooms: Vec<Vec<Seat>> = bare.rooms(load.rooms, load.size).await?;
    let others = Fleet::connect(&bare_rooms, load.crew).await?;
    sizes(&others, &bare).await?;

    let warm_up = options.round.min(Duration::from_secs(1));
    round(load.way, &theirs, subject, warm_up).await?;
    round(load.way, &others, &bare, warm_up).await?;
    let (mut one, mut two, mut ratios) = (Round::default(), Round::default(), Vec::new());
    for number in 0..options.rounds {
        // Whoever goes first fares a little worse, so they take turns in that too.
        let early = if number % 2 == 1 { Some(round(load.way, &others, &bare, options.round).await?) } else { None };
        let mine = round(load.way, &theirs, subject, options.round).await?;
        let yours = match early {
            Some(early) => early,
            None => round(load.way, &others, &bare, options.round).await?,
        };
        ratios.push(mine.deliveries_per_cpu() / yours.deliveries_per_cpu());
        one.add(mine);
        two.add(yours);
    }
    let mut table = compare(load, &one, &two);
    let (least, most) =
        ratios.iter().fold((f64::MAX, f64::MIN), |(least, most), ratio| (least.min(*ratio), most.max(*ratio)));
    table.note(format!("Ratio of deliveries per CPU second by round: {least:.2} to {most:.2}."));
    table.note(format!("Payloads: message {} B, ack {} B.", shape.message, shape.ack));
    table.note(health("Tertulia", &one, &theirs));
    table.note(health("Bare", &two, &others));
    Ok(table)
}

/// Every sender sends one message; the sizes of what came back.
pub async fn sizes(fleet: &Fleet, host: &Host) -> Result<Shape> {
    fleet.for_messages(host.process(), 1).await?;
    Ok(Shape { message: fleet.board.message_size.get(), ack: fleet.board.ack_size.get(), page: 0 })
}

async fn round(way: Way, fleet: &Fleet, host: &Host, length: Duration) -> Result<Round> {
    match way {
        Way::Windows => fleet.for_time(host.process(), length).await,
        Way::OneAtATime => fleet.one_at_a_time(host.process(), length).await,
    }
}

/// What must all be nought for the figures to count; being held is only told.
fn health(name: &str, round: &Round, fleet: &Fleet) -> String {
    let (closed, held) = (fleet.board.closed.get(), fleet.board.held.get());
    let Round { refused, missing, .. } = round;
    let complaint = fleet.complaint();
    format!(
        "{name}: {refused} refused, {missing} missing, {closed} connections lost; senders held {held} times; {complaint}."
    )
}

fn compare(load: &Load, one: &Round, two: &Round) -> Table {
    let mut table = Table::new(&load.title, &["figure", "tertulia", "bare", "ratio", "goal"]);
    let mut row = |name: &str, value: fn(&Round) -> f64, goal: Option<f64>| {
        let (mine, yours) = (value(one), value(two));
        let ratio = mine / yours;
        let goal = goal.map_or_else(String::new, |goal| verdict(ratio, goal, true));
        table.row([name.to_owned(), figure(mine), figure(yours), figure(ratio), goal]);
    };
    row("deliveries / server CPU s", Round::deliveries_per_cpu, (!load.goal_is_messages).then_some(load.goal));
    row("acked messages / server CPU s", Round::acked_per_cpu, load.goal_is_messages.then_some(load.goal));
    row("server CPU us / delivery", |r| 1e6 / r.deliveries_per_cpu(), None);
    row("server CPU us / message", |r| 1e6 / r.acked_per_cpu(), None);
    row("deliveries / s, wall clock", |r| r.deliveries as f64 / r.wall.as_secs_f64(), None);
    row("acked messages / s, wall clock", |r| r.acked as f64 / r.wall.as_secs_f64(), None);
    row("server's share of one core, %", |r| 100.0 * r.cpu.as_secs_f64() / r.wall.as_secs_f64(), None);
    row("clients' share of one core, %", |r| 100.0 * r.client_cpu.as_secs_f64() / r.wall.as_secs_f64(), None);
    let mut times = |name: &str, pick: fn(&Round) -> &Vec<u32>| {
        table.row([name.to_owned(), percentiles(pick(one)), percentiles(pick(two)), String::new(), String::new()]);
    };
    times("ms to the ack, p50 / p99", |r| &r.ack_us);
    times("ms to a delivery, p50 / p99", |r| &r.delivery_us);
    table
}
