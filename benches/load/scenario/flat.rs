//! What a message costs as threads grow: in members who are absent, in members who are there, and in length.

use crate::fleet::{Crew, Fleet, Round};
use crate::host::Host;
use crate::link::Seat;
use crate::options::Options;
use crate::report::{Table, figure, percentiles};
use anyhow::Result;

const MEMBERS: [usize; 4] = [2, 10, 100, 1_000];
const LENGTHS: [usize; 3] = [100, 10_000, 50_000];
/// Messages of each measured round; the kernel tells CPU time in steps of 10 ms, so they are many.
const MESSAGES: usize = 5_000;
/// No round makes more deliveries than this.
const DELIVERIES: usize = 200_000;
const FILLERS: Crew = Crew { senders: 10, window: 8 };
const PAIR: Crew = Crew { senders: 1, window: 8 };

/// A thread whose messages are measured.
struct Subject {
    name: String,
    fleet: Fleet,
    quota: u64,
    total: Round,
}

/// Three tables: absent members, present members, length.
pub async fn run(options: &Options) -> Result<Vec<Table>> {
    let host = Host::subject(options)?;
    match tables(options, &host).await {
        Ok(tables) => Ok(tables),
        Err(error) => Err(host.explain(error)),
    }
}

async fn tables(options: &Options, host: &Host) -> Result<Vec<Table>> {
    let mut rooms = Vec::new();
    for members in MEMBERS {
        rooms.extend(host.rooms(1, options.scaled(members, 2)).await?);
    }
    let absent = measured(options, host, two_present(options, &rooms).await?).await?;
    let present = measured(options, host, all_present(options, &rooms).await?).await?;
    let length = measured(options, host, long_threads(options, host).await?).await?;
    Ok(vec![
        table("Cost of a message by members, two of them connected", &absent),
        table("Cost of a message by members, all of them connected", &present),
        table("Cost of a message by length of the thread, two members", &length),
    ])
}

async fn two_present(options: &Options, rooms: &[Vec<Seat>]) -> Result<Vec<Subject>> {
    let mut subjects = Vec::new();
    for room in rooms {
        subjects.push(Subject::new(options, format!("{} members, 2 there", room.len()), &room[..2]).await?);
    }
    Ok(subjects)
}

async fn all_present(options: &Options, rooms: &[Vec<Seat>]) -> Result<Vec<Subject>> {
    let mut subjects = Vec::new();
    for room in rooms {
        subjects.push(Subject::new(options, format!("{} members, all there", room.len()), room).await?);
    }
    Ok(subjects)
}

async fn long_threads(options: &Options, host: &Host) -> Result<Vec<Subject>> {
    let mut subjects = Vec::new();
    for length in LENGTHS {
        let length = options.scaled(length, 100);
        // Ten connections of the sender fill it: a thread of two stays a thread of two.
        let rooms = host.rooms(1, 2).await?;
        let fillers = vec![vec![rooms[0][0].clone(); FILLERS.senders]];
        let filling = Fleet::connect(&fillers, FILLERS).await?;
        filling.for_messages(host.process(), (length / FILLERS.senders) as u64).await?;
        drop(filling);
        subjects.push(Subject::new(options, format!("{length} messages"), &rooms[0]).await?);
    }
    Ok(subjects)
}

impl Subject {
    async fn new(options: &Options, name: String, seats: &[Seat]) -> Result<Self> {
        let quota = options.scaled(MESSAGES.min(DELIVERIES / seats.len()), 50) as u64;
        Ok(Self { name, fleet: Fleet::connect(&[seats.to_vec()], PAIR).await?, quota, total: Round::default() })
    }
}

/// Rounds in turns over all subjects, so that what the machine does meanwhile hits them alike.
async fn measured(options: &Options, host: &Host, mut subjects: Vec<Subject>) -> Result<Vec<Subject>> {
    for subject in &subjects {
        subject.fleet.for_messages(host.process(), subject.quota / 5).await?;
    }
    for _ in 0..options.rounds {
        for subject in &mut subjects {
            let round = subject.fleet.for_messages(host.process(), subject.quota).await?;
            subject.total.add(round);
        }
    }
    Ok(subjects)
}

fn table(title: &str, subjects: &[Subject]) -> Table {
    let heads = [
        "thread",
        "CPU us / message",
        "deliveries / message",
        "CPU us / delivery",
        "beside the first",
        "ms to the ack, p50 / p99",
        "frame B",
    ];
    let mut table = Table::new(title, &heads);
    let cost = |round: &Round| 1e6 / round.acked_per_cpu();
    for subject in subjects {
        let round = &subject.total;
        table.row([
            subject.name.clone(),
            figure(cost(round)),
            figure(round.deliveries as f64 / round.acked as f64),
            figure(1e6 / round.deliveries_per_cpu()),
            subjects.first().map_or_else(String::new, |first| figure(cost(round) / cost(&first.total))),
            percentiles(&round.ack_us),
            subject.fleet.board.message_size.get().to_string(),
        ]);
    }
    let (missing, refused) = subjects.iter().fold((0, 0), |(m, r), s| (m + s.total.missing, r + s.total.refused));
    table.note(format!("One sender, 8 outstanding; {missing} missing, {refused} refused."));
    table
}
