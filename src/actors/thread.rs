//! `Thread`: one per thread in which something happens. It orders what its seats decide, has it committed, and tells
//! every present seat what is now true.
//!
//! Lives while something happened in it within `chat.idle`; whoever is connected is found again when it wakes. Mailbox: [`MAILBOX`]; when it is full the
//! sender answers `busy`. Commits under way: [`MAX_PENDING`], then `busy` too; so the writer's answers, which are sent
//! whatever the mailbox holds, are bounded. It never decides, and never touches a socket.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;

use super::House;
use super::respond::{Done, Respond, busy, refusal};
use super::thread_state::Awake;
use super::told::{Committed as CommitDone, Told, Verdict};
use super::user_thread::{Leave, Opening, UserThread};
use crate::domain::event::Outcome;
use crate::domain::unread::Spans;
use crate::domain::{AccountId, Decision, ReadState, Refusal, Seat, ThreadId};
use crate::store::{Answer, CommitError, Request, StoreError, threads};

/// The mailbox's bound.
const MAILBOX: usize = 1_024;
/// Commits under way at once.
const MAX_PENDING: usize = 1_024;
/// A seat that was opened so lately is not let go.
const FRESH: Duration = Duration::from_secs(2);
/// The longest time for which somebody can be said to be writing, in milliseconds.
const MAX_WRITING: i64 = 60_000;

/// The actor of one thread.
pub struct Thread {
    pub(super) id: ThreadId,
    pub(super) house: House,
    pub(super) awake: Option<Awake>,
    pub(super) seats: HashMap<AccountId, Addr<UserThread>>,
    /// Who waits for which commit.
    pending: HashMap<u64, Pending>,
    next_ticket: u64,
    /// When presence was last looked at: see [`Presence::arrivals`](super::presence::Presence::arrivals). `None` when
    /// it must be looked at again.
    pub(super) arrivals: Option<u64>,
    last_deed: Instant,
    /// Whether the thread could not be read, which says nothing of whether it exists.
    pub(super) failed: bool,
}

/// Who waits for a commit.
pub(super) enum Pending {
    /// A seat, with its own number of it.
    Seat { account: AccountId, seat: Addr<UserThread>, number: u64 },
    /// The host behind the API.
    Host(Respond),
}

impl Pending {
    fn account(&self) -> Option<AccountId> {
        match self {
            Pending::Seat { account, .. } => Some(*account),
            Pending::Host(_) => None,
        }
    }
}

/// What the seats are to hear of their own commits.
pub(super) type Verdicts = HashMap<AccountId, (Addr<UserThread>, Vec<Verdict>)>;

impl Thread {
    pub(super) fn new(id: ThreadId, house: House) -> Self {
        house.metrics.threads.inc();
        Self {
            id,
            house,
            awake: None,
            seats: HashMap::new(),
            pending: HashMap::new(),
            next_ticket: 0,
            arrivals: None,
            last_deed: Instant::now(),
            failed: false,
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.house.metrics.threads.dec();
    }
}

impl Actor for Thread {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        self.load(ctx);
        let every = (self.house.config.chat.idle / 2).max(Duration::from_millis(100));
        ctx.run_interval(every, Self::tidy);
    }

    fn stopped(&mut self, ctx: &mut Self::Context) {
        self.house.registry.forget(self.id, &ctx.address());
    }
}

/// Asks for the seat of an account: a member's, or a watcher's.
#[derive(Message)]
#[rtype(result = "Result<Addr<UserThread>, Refusal>")]
pub struct OpenSeat(pub AccountId);

/// Hands a decision on, to be committed.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Commit {
    pub account: AccountId,
    /// The seat, which may have been let go meanwhile.
    pub seat: Addr<UserThread>,
    /// The seat's own number.
    pub number: u64,
    pub decision: Decision,
}

/// Somebody is writing.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Writing {
    /// Who.
    pub account: AccountId,
    /// For how long, in milliseconds.
    pub length: i64,
}

/// Tells every present member what the thread is now, and what was said in the transaction that made it.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Announce(pub Outcome);

/// The writer's answers.
#[derive(Message)]
#[rtype(result = "()")]
struct Answered(Answer);

impl Handler<OpenSeat> for Thread {
    type Result = Result<Addr<UserThread>, Refusal>;

    fn handle(&mut self, OpenSeat(account): OpenSeat, ctx: &mut Self::Context) -> Self::Result {
        self.last_deed = Instant::now();
        if let Some(seat) = self.seats.get(&account).filter(|seat| seat.connected()) {
            return Ok(seat.clone());
        }
        self.start_seat(account, None, ctx).ok_or(if self.failed { busy() } else { Refusal::Forbidden })
    }
}

impl Handler<Commit> for Thread {
    type Result = ();

    fn handle(&mut self, commit: Commit, ctx: &mut Self::Context) {
        let Commit { account, seat, number, decision } = commit;
        if let Err(error) = self.submit(decision, Pending::Seat { account, seat, number }, ctx) {
            tracing::debug!(%error, "a commit was not queued");
        }
    }
}

impl Handler<Answered> for Thread {
    type Result = ();

    fn handle(&mut self, Answered(answer): Answered, ctx: &mut Self::Context) {
        let mut outcomes = Vec::new();
        let mut verdicts = Verdicts::new();
        for (ticket, result) in answer {
            let verdict = result.map(|outcome| {
                let done = CommitDone::of(&outcome);
                outcomes.push(outcome);
                done
            });
            match self.pending.remove(&ticket) {
                Some(Pending::Seat { account, seat, number }) => {
                    verdicts.entry(account).or_insert_with(|| (seat, Vec::new())).1.push((number, verdict));
                }
                Some(Pending::Host(respond)) => {
                    let done = verdict.map(|done| Done { rev: done.rev, message: done.message, ..Done::default() });
                    respond.give(done.map_err(|error| refusal(&error)));
                }
                None => {}
            }
        }
        self.carry_out(outcomes, verdicts, ctx);
    }
}

impl Handler<Writing> for Thread {
    type Result = ();

    fn handle(&mut self, Writing { account, length }: Writing, _: &mut Self::Context) {
        let Some(awake) = &self.awake else { return };
        let Some(sender) = awake.shown(account).filter(|_| awake.roster.get(account).is_some()) else { return };
        if length <= 0 {
            return;
        }
        self.house.listening.tell_writing(self.id, account);
        let bytes = super::frames::writing_frame(self.id, length.min(MAX_WRITING), sender);
        let frame = [super::Outgoing::plain(bytes)];
        let listening = awake.roster.seats().filter(|seat| seat.hears_live()).map(|seat| seat.account);
        let watching = awake.watchers.keys().copied().filter(|watcher| awake.roster.get(*watcher).is_none());
        for listener in listening.chain(watching).filter(|listener| *listener != account) {
            self.house.presence.deliver(listener, &frame);
        }
    }
}

impl Handler<Announce> for Thread {
    type Result = ();

    fn handle(&mut self, Announce(outcome): Announce, ctx: &mut Self::Context) {
        // when more has happened since, whoever is present has heard of it already
        let is_news = self.awake.as_ref().is_some_and(|awake| awake.head.rev <= outcome.rev);
        if is_news && !outcome.events.is_empty() {
            return self.carry_out(vec![outcome], Verdicts::new(), ctx);
        }
        let Some(awake) = &mut self.awake else { return };
        let news = vec![awake.announcement()];
        let batch = awake.batch(news);
        self.tell(batch, Verdicts::new(), ctx);
    }
}

impl Thread {
    /// Queues a decision at the writer. When that is full, whoever waits is told at once.
    pub(super) fn submit(
        &mut self,
        decision: Decision,
        waiter: Pending,
        ctx: &mut Context<Self>,
    ) -> Result<(), StoreError> {
        self.last_deed = Instant::now();
        self.next_ticket += 1;
        let ticket = self.next_ticket;
        let (thread, now) = (ctx.address(), self.house.clock.now());
        let request = Request {
            thread: self.id,
            ticket,
            notify: self.awake.as_ref().and_then(|awake| awake.notify_at(&decision, now, &self.house.config)),
            decision,
            now,
            // bounded by MAX_PENDING, so the mailbox cannot grow without end
            reply: Arc::new(move |answer| thread.do_send(Answered(answer))),
        };
        let queued =
            if self.pending.len() < MAX_PENDING { self.house.store.submit(request) } else { Err(StoreError::Full) };
        if queued.is_ok() {
            self.pending.insert(ticket, waiter);
            return queued;
        }
        match waiter {
            // its mailbox is empty enough: it waits for this very answer
            Pending::Seat { seat, number, .. } => {
                seat.do_send(Told { batch: None, verdicts: vec![(number, Err(CommitError::Busy))] });
            }
            Pending::Host(respond) => respond.give(Err(busy())),
        }
        queued
    }

    /// Reads the thread; the mailbox waits meanwhile. A thread that does not exist falls asleep again.
    fn load(&mut self, ctx: &mut Context<Self>) {
        let (store, id) = (self.house.store.clone(), self.id);
        let views = self.house.config.chat.visibility.views();
        let house = self.house.clone();
        let loading = async move {
            let state = store.read(move |connection| threads::state(connection, id, &views)).await?;
            let mut awake = Awake::new(state, &house.config.chat.visibility, house.look.clone());
            awake.learn(store.schemas(awake.unknown_schemas(&[])).await?);
            Ok(awake)
        };
        ctx.wait(loading.into_actor(self).map(|loaded: Result<Awake, StoreError>, thread, ctx| match loaded {
            Ok(awake) => thread.awake = Some(awake),
            Err(error) => {
                if !matches!(error, StoreError::Missing) {
                    thread.failed = true;
                    tracing::error!(%error, thread = thread.id, "a thread could not be read");
                }
                ctx.notify_later(Sleep, Duration::from_millis(50));
            }
        }));
    }

    /// Starts the seat of a member or watcher; what they have read may be known already.
    pub(super) fn start_seat(
        &mut self,
        account: AccountId,
        known: Option<(ReadState, Spans)>,
        ctx: &mut Context<Self>,
    ) -> Option<Addr<UserThread>> {
        let awake = self.awake.as_mut()?;
        let member = awake.roster.get(account);
        let (who, seat, watching) = match (member, awake.watchers.get(&account)) {
            (Some(member), _) => (member.account.clone(), member.seat.clone(), false),
            (None, Some(watcher)) => (watcher.clone(), Arc::new(Seat::watching(self.id, account)), true),
            (None, None) => return None,
        };
        let opening = Opening {
            house: self.house.clone(),
            thread: ctx.address(),
            account: who,
            seat,
            watching,
            state: Arc::new(awake.batch(Vec::new())),
            known,
        };
        let seat = UserThread::new(opening).start();
        self.seats.insert(account, seat.clone());
        Some(seat)
    }

    /// Lets seats go whose members are gone, and falls asleep when nothing happened for a while.
    fn tidy(&mut self, ctx: &mut Context<Self>) {
        let presence = self.house.presence.clone();
        let fresh = self.last_deed.elapsed() < FRESH;
        let waiting: HashSet<AccountId> = self.pending.values().filter_map(Pending::account).collect();
        self.seats.retain(|account, seat| {
            // a seat that was just opened may have a command in its mailbox
            let stays = seat.connected() && (fresh || presence.is_online(*account) || waiting.contains(account));
            if !stays {
                seat.do_send(Leave);
            }
            stays
        });
        let idle = self.last_deed.elapsed() >= self.house.config.chat.idle;
        // also when members are connected: they are found again with the next thing that happens
        if idle && self.pending.is_empty() {
            ctx.notify(Sleep);
        }
    }
}

/// Falls asleep.
#[derive(Message)]
#[rtype(result = "()")]
struct Sleep;

impl Handler<Sleep> for Thread {
    type Result = ();

    fn handle(&mut self, _: Sleep, ctx: &mut Self::Context) {
        if !self.pending.is_empty() {
            return;
        }
        self.house.registry.forget(self.id, &ctx.address());
        for seat in self.seats.values() {
            seat.do_send(Leave);
        }
        ctx.stop();
    }
}
