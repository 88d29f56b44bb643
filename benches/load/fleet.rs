//! Many connections to one server, driven in measured rounds.

use crate::board::{Board, Member, count};
use crate::link::{Link, Seat};
use crate::process::{Process, own_cpu};
use anyhow::{Context, Result, bail, ensure};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, Semaphore};
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{sleep, timeout};

/// Handshakes under way at a time.
const CONNECTING: usize = 64;
/// No progress for this long ends a round.
const STALLED: Duration = Duration::from_secs(15);
/// Counted after a round, so that work put off by the server is in its CPU time.
const SETTLE: Duration = Duration::from_millis(200);
const QUIET: Duration = Duration::from_millis(300);
/// Every so manieth connection times its deliveries.
const TIMED: usize = 16;

/// Who sends, and how much of it may be outstanding.
#[derive(Clone, Copy)]
pub struct Crew {
    /// Senders in each thread.
    pub senders: usize,
    /// Outstanding messages of each sender.
    pub window: u64,
}

/// The connections.
pub struct Fleet {
    /// What they count.
    pub board: Rc<Board>,
    kicks: Vec<Rc<Notify>>,
    tasks: Vec<JoinHandle<()>>,
    /// Deliveries that each message makes: connections to its thread.
    per_message: u64,
}

/// What one round measured.
#[derive(Clone, Default)]
pub struct Round {
    /// Message frames that arrived.
    pub deliveries: u64,
    /// Messages acknowledged.
    pub acked: u64,
    /// Messages refused and sent again.
    pub refused: u64,
    /// Deliveries that did not arrive.
    pub missing: u64,
    /// From the first message to the last delivery.
    pub wall: Duration,
    /// CPU time of the server.
    pub cpu: Duration,
    /// CPU time of the clients.
    pub client_cpu: Duration,
    /// Latencies to the acknowledgement, in microseconds.
    pub ack_us: Vec<u32>,
    /// Latencies to the delivery, in microseconds.
    pub delivery_us: Vec<u32>,
}

impl Round {
    /// Adds another round to this one.
    pub fn add(&mut self, other: Round) {
        self.deliveries += other.deliveries;
        self.acked += other.acked;
        self.refused += other.refused;
        self.missing += other.missing;
        self.wall += other.wall;
        self.cpu += other.cpu;
        self.client_cpu += other.client_cpu;
        self.ack_us.extend(other.ack_us);
        self.delivery_us.extend(other.delivery_us);
    }

    /// Deliveries for each second of the server's CPU time.
    pub fn deliveries_per_cpu(&self) -> f64 {
        self.deliveries as f64 / self.cpu.as_secs_f64()
    }

    /// Acknowledged messages for each second of the server's CPU time.
    pub fn acked_per_cpu(&self) -> f64 {
        self.acked as f64 / self.cpu.as_secs_f64()
    }
}

impl Fleet {
    /// Connects all seats; the first `crew.senders` of each room send. Waits until all said hello and all is quiet.
    pub async fn connect(rooms: &[Vec<Seat>], crew: Crew) -> Result<Self> {
        let board = Rc::new(Board::default());
        let gate = Rc::new(Semaphore::new(CONNECTING));
        let per_message = rooms.first().map_or(0, Vec::len) as u64;
        let mut fleet = Self { board, kicks: Vec::new(), tasks: Vec::new(), per_message };
        fleet.board.received.replace(vec![0; rooms.iter().map(Vec::len).sum()]);
        // Many threads at once cannot be told apart by these counters, and need it less: a message makes few frames there.
        let leash = if rooms.len() == 1 { 2 * crew.senders as u64 * crew.window } else { u64::MAX };
        fleet.board.leash.set(leash);
        for (seat_in_room, seat) in rooms.iter().flat_map(|room| room.iter().enumerate()) {
            let kick = (seat_in_room < crew.senders).then(|| Rc::new(Notify::new()));
            let window = if kick.is_some() { crew.window } else { 0 };
            let place = fleet.tasks.len();
            let timed = (place + 1).is_multiple_of(TIMED);
            let member = Member::new(Rc::clone(&fleet.board), place, seat.thread, window, timed);
            fleet.kicks.extend(kick.clone());
            fleet.tasks.push(spawn_local(attend(seat.clone(), member, kick.unwrap_or_default(), Rc::clone(&gate))));
        }
        fleet.wait_for_hellos().await?;
        fleet.quiet().await;
        Ok(fleet)
    }

    async fn wait_for_hellos(&self) -> Result<()> {
        let all = self.tasks.len() as u64;
        let mut seen = (0, Instant::now());
        while self.board.hellos.get() < all {
            sleep(Duration::from_millis(5)).await;
            let hellos = self.board.hellos.get();
            if hellos != seen.0 {
                seen = (hellos, Instant::now());
            }
            if self.board.closed.get() > 0 || seen.1.elapsed() > STALLED {
                bail!("{hellos} of {all} connections stand: {}", self.complaint());
            }
        }
        Ok(())
    }

    /// Waits until no more frames come: who joins a room may be news to everybody in it.
    pub async fn quiet(&self) {
        let limit = Instant::now() + STALLED;
        let mut before = u64::MAX;
        while before != self.board.frames.get() && Instant::now() < limit {
            before = self.board.frames.get();
            sleep(QUIET).await;
        }
    }

    /// What went wrong first, if anything did.
    pub fn complaint(&self) -> String {
        self.board.complaint.borrow().clone().unwrap_or_else(|| "no complaint".to_owned())
    }

    /// Senders keep their windows full for `length`.
    pub async fn for_time(&self, server: &Process, length: Duration) -> Result<Round> {
        self.measured(server, async {
            self.kick(u64::MAX);
            sleep(length).await;
            Ok(())
        })
        .await
    }

    /// Each sender sends `quota` messages.
    pub async fn for_messages(&self, server: &Process, quota: u64) -> Result<Round> {
        let goal = self.board.acked.get() + quota * self.kicks.len() as u64;
        self.measured(server, async {
            self.kick(quota);
            let mut seen = (0, Instant::now());
            while self.board.acked.get() < goal {
                sleep(Duration::from_millis(2)).await;
                if self.board.acked.get() != seen.0 {
                    seen = (self.board.acked.get(), Instant::now());
                }
                ensure!(
                    seen.1.elapsed() < STALLED,
                    "stalled {} short: {}",
                    goal - self.board.acked.get(),
                    self.complaint()
                );
            }
            Ok(())
        })
        .await
    }

    /// One message at a time, for `length`: the next when everybody has the last one and its sender the acknowledgement.
    pub async fn one_at_a_time(&self, server: &Process, length: Duration) -> Result<Round> {
        self.measured(server, async {
            let end = Instant::now() + length;
            while Instant::now() < end {
                let sofar = self.board.deliveries.get() + self.board.acked.get();
                self.board.goal.set(sofar + self.per_message + 1);
                self.kick(1);
                let all_have_it = timeout(STALLED, self.board.reached.notified()).await;
                all_have_it.with_context(|| format!("a message did not reach everybody: {}", self.complaint()))?;
            }
            Ok(())
        })
        .await
    }

    fn kick(&self, quota: u64) {
        self.board.stopped.set(false);
        self.board.quota.set(quota);
        self.kicks.iter().for_each(|kick| kick.notify_one());
    }

    async fn measured(&self, server: &Process, load: impl Future<Output = Result<()>>) -> Result<Round> {
        let board = &self.board;
        board.forget_latencies();
        board.goal.set(u64::MAX);
        let (deliveries, acked, refused) = (board.deliveries.get(), board.acked.get(), board.refused.get());
        let (cpu, client_cpu, start) = (server.cpu()?, own_cpu()?, Instant::now());
        load.await?;
        board.stopped.set(true);
        let drained = self.drain(deliveries, acked).await;
        let wall = drained.duration_since(start);
        let client_cpu = own_cpu()?.saturating_sub(client_cpu);
        sleep(SETTLE).await;
        let acked = board.acked.get() - acked;
        let deliveries = board.deliveries.get() - deliveries;
        Ok(Round {
            deliveries,
            acked,
            refused: board.refused.get() - refused,
            missing: (acked * self.per_message).saturating_sub(deliveries),
            wall,
            cpu: server.cpu()?.saturating_sub(cpu),
            client_cpu,
            ack_us: board.ack_us.take(),
            delivery_us: board.delivery_us.take(),
        })
    }

    /// Waits until every message is answered and delivered to all, or nothing has come for long. Tells when the last frame came.
    async fn drain(&self, deliveries: u64, acked: u64) -> Instant {
        let board = &self.board;
        let mut last = (board.frames.get(), Instant::now());
        loop {
            let expected = (board.acked.get() - acked) * self.per_message;
            let complete = board.outstanding.get() == 0 && board.deliveries.get() - deliveries >= expected;
            if board.frames.get() != last.0 {
                last = (board.frames.get(), Instant::now());
            }
            if complete || last.1.elapsed() > STALLED {
                return last.1;
            }
            sleep(Duration::from_millis(1)).await;
        }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// The life of one connection.
async fn attend(seat: Seat, mut member: Member, kick: Rc<Notify>, gate: Rc<Semaphore>) {
    let board = Rc::clone(&member.board);
    if let Err(error) = converse(seat, &mut member, &kick, &gate).await {
        // Nobody waits for who is gone.
        board.received.borrow_mut()[member.place] = u64::MAX;
        board.complain(|| format!("{error:#}"));
        count(&board.closed);
    }
}

async fn converse(seat: Seat, member: &mut Member, kick: &Notify, gate: &Semaphore) -> Result<()> {
    let mut link = {
        let _turn = gate.acquire().await?;
        Link::open(&seat).await?
    };
    loop {
        if member.window == 0 {
            link.receive(|payload, out| member.hear(payload, out)).await?;
            continue;
        }
        tokio::select! {
            biased;
            heard = link.receive(|payload, out| member.hear(payload, out)) => heard?,
            () = kick.notified() => member.kicked(&mut link.out),
            () = sleep(Duration::from_millis(1)), if member.held => member.fill(&mut link.out),
        }
        if member.again > 0 {
            // A refusal asks for patience; the server is given a little.
            sleep(Duration::from_millis(20)).await;
            member.send_again(&mut link.out);
        }
        link.flush().await?;
    }
}
