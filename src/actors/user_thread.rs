//! `UserThread`: one per member (or watcher) who is connected or acting. It decides what its member may do, counts
//! what they have not read, and writes their frames.
//!
//! Lives on its thread's arbiter while the member is connected or has something under way; the thread lets it go
//! otherwise. Mailbox: [`MAILBOX`]; a command that finds it full is answered `busy`, news that find it full end the
//! member's connections, which resume. It never stores anything, and never waits.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use actix::prelude::*;

use super::respond::{Done, Respond, busy, refusal};
use super::thread::{Commit, Thread};
use super::told::{Around, Batch, Committed, Told, Verdict};
use super::{House, Outgoing};
use crate::domain::decide::{Command, decide, follows_the_script, needs};
use crate::domain::event::Own;
use crate::domain::resume::{Resync, judge};
use crate::domain::running::language;
use crate::domain::scene::{Known, Scene, Surroundings};
use crate::domain::unread::Spans;
use crate::domain::view::{self, Look, Shown};
use crate::domain::{Account, Message, ReadState, Refusal, Rev, Seat};
use crate::store::{CommitError, StoreError, messages, script_log, threads};

/// The mailbox's bound.
const MAILBOX: usize = 256;
/// Commands that wait for those before them at most.
const HELD: usize = 64;
/// How often a decision is made anew when somebody else changed the same seat (design, part 3).
const TRIES: u8 = 3;

/// What a seat starts from.
pub(super) struct Opening {
    pub house: House,
    pub thread: Addr<Thread>,
    pub account: Arc<Account>,
    pub seat: Arc<Seat>,
    pub watching: bool,
    pub state: Arc<Batch>,
    /// What the member has read and what not, when it was read along with others'.
    pub known: Option<(ReadState, Spans)>,
}

/// A command under way.
struct Pending {
    command: Command,
    tries: u8,
    respond: Respond,
}

/// The actor of one seat.
pub struct UserThread {
    pub(super) house: House,
    thread: Addr<Thread>,
    pub(super) account: Arc<Account>,
    pub(super) seat: Arc<Seat>,
    /// Whether this stands for somebody who is no member.
    pub(super) watching: bool,
    /// The seat's own part of thread objects.
    pub(super) own: Arc<str>,
    /// Which view of the messages is its role's.
    pub(super) view: usize,
    pub(super) reads: ReadState,
    pub(super) unread: Spans,
    /// The thread as it was last told.
    pub(super) state: Arc<Batch>,
    /// What changed quietly, until a message tells it.
    pub(super) untold: Option<(Rev, Arc<Around>)>,
    pending: HashMap<u64, Pending>,
    /// Commands that must wait until the seat stands where the ones before them lead.
    held: VecDeque<Pending>,
    /// Whether something is read for a command; the mailbox waits meanwhile.
    reading: bool,
    next_number: u64,
    /// Whether what the member has read is still to be read.
    must_read: bool,
    /// Whether the member had left before the seat was read.
    gone: bool,
}

impl UserThread {
    pub(super) fn new(opening: Opening) -> Self {
        let Opening { house, thread, account, seat, watching, state, known } = opening;
        house.metrics.seats.inc();
        let view = house.config.chat.visibility.view_of(account.role);
        let own = own_part(&seat, &account, &state, &house.look);
        let (must_read, (reads, unread)) = (known.is_none() && !watching, known.unwrap_or_default());
        Self {
            house,
            thread,
            account,
            seat,
            watching,
            own,
            view,
            must_read,
            reads,
            unread,
            state,
            untold: None,
            pending: HashMap::new(),
            held: VecDeque::new(),
            reading: false,
            next_number: 0,
            gone: false,
        }
    }
}

/// The seat's own part of thread objects.
pub(super) fn own_part(seat: &Seat, account: &Account, state: &Batch, look: &Look) -> Arc<str> {
    let schema = seat.script.schema.and_then(|id| state.schemas.get(&id));
    let shown = Shown { schema: schema.map(|schema| &**schema), language: language(seat, Some(account)) };
    view::seat_own(seat, shown, look, true).into()
}

impl Drop for UserThread {
    fn drop(&mut self) {
        self.house.metrics.seats.dec();
    }
}

impl Actor for UserThread {
    type Context = Context<Self>;

    /// Reads what is unread; the mailbox waits meanwhile.
    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        if !self.must_read {
            return;
        }
        let (store, thread, account) = (self.house.store.clone(), self.seat.thread, self.account.id);
        let hidden = self.house.config.chat.visibility.hidden_from(self.account.role);
        let reading =
            async move { store.read(move |connection| threads::reads(connection, thread, account, &hidden)).await };
        ctx.wait(reading.into_actor(self).map(|read, seat, ctx| match read {
            Ok((reads, unread)) => {
                seat.reads = reads;
                seat.unread = unread;
            }
            // the member left between being looked up and now
            Err(StoreError::Missing) => seat.gone = true,
            Err(error) => {
                tracing::error!(%error, "a seat could not be read");
                ctx.stop();
            }
        }));
    }
}

/// A command of the member.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Act {
    /// What they want.
    pub command: Command,
    /// Where the answer goes.
    pub respond: Respond,
}

/// The member has read these positions; the answer says which of them were unread.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Read {
    /// Which; everything up to the last of them if `all_before`.
    pub seqs: Spans,
    /// Whether everything before is read too.
    pub all_before: bool,
    /// Where the answer goes.
    pub respond: Respond,
}

/// Asks for what was missed since a revision.
#[derive(Message)]
#[rtype(result = "Result<Caught, Resync>")]
pub struct Missed(pub Rev);

/// What was missed: the frames in order, and the revision they lead to.
#[derive(Debug)]
pub struct Caught {
    /// Finished frames.
    pub frames: Vec<Outgoing>,
    /// The revision that the client knows after them.
    pub rev: Rev,
}

/// The thread lets the seat go.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Leave;

impl Handler<Act> for UserThread {
    type Result = ();

    fn handle(&mut self, Act { command, respond }: Act, ctx: &mut Self::Context) {
        self.attempt(Pending { command, tries: 0, respond }, ctx);
    }
}

impl Handler<Read> for UserThread {
    type Result = ();

    fn handle(&mut self, Read { mut seqs, all_before, respond }: Read, ctx: &mut Self::Context) {
        if all_before && let Some((_, last)) = seqs.iter().last() {
            seqs.insert(1, last.min(self.state.seq));
        }
        let seqs = seqs.intersection(&self.unread);
        if seqs.is_empty() {
            return respond.give(Ok(self.done(None, Spans::new(), self.state.rev)));
        }
        let mut left = self.unread.clone();
        left.subtract(&seqs);
        let upto = left.first().map_or(self.state.seq, |first| first - 1);
        self.attempt(Pending { command: Command::MarkRead { seqs, upto }, tries: 0, respond }, ctx);
    }
}

impl Handler<Told> for UserThread {
    type Result = ();

    fn handle(&mut self, Told { batch, verdicts }: Told, ctx: &mut Self::Context) {
        if let Some(batch) = batch {
            self.hear(&batch, ctx);
        }
        for verdict in verdicts {
            self.conclude(verdict, ctx);
        }
    }
}

impl Handler<Missed> for UserThread {
    type Result = ResponseActFuture<Self, Result<Caught, Resync>>;

    fn handle(&mut self, Missed(since): Missed, _: &mut Self::Context) -> Self::Result {
        let upto = self.state.rev;
        let limit = self.house.config.socket.resume_limit;
        let (store, thread) = (self.house.store.clone(), self.seat.thread);
        let reading = async move {
            if !judge(since, upto)? {
                return Ok(Vec::new());
            }
            let missed = store.read(move |connection| messages::missed(connection, thread, (since, upto), limit)).await;
            match missed {
                Ok(missed) if missed.len() <= limit => Ok(missed),
                Ok(_) => Err(Resync::TooOld),
                Err(error) => {
                    tracing::error!(%error, "what was missed could not be read");
                    Err(Resync::TooOld)
                }
            }
        };
        Box::pin(
            reading
                .into_actor(self)
                .map(move |missed: Result<Vec<Message>, Resync>, seat, _| Ok(seat.caught(missed?, since, upto))),
        )
    }
}

impl Handler<Leave> for UserThread {
    type Result = ();

    fn handle(&mut self, _: Leave, ctx: &mut Self::Context) {
        // whoever waits for an answer is answered first; the last verdict stops the seat
        if self.pending.is_empty() && self.held.is_empty() && !self.reading {
            ctx.stop();
        } else {
            ctx.notify_later(Leave, std::time::Duration::from_millis(200));
        }
    }
}

impl UserThread {
    /// Takes a command: when the script leads on from those before it, it waits for them; what must be read for it is
    /// read; then it is decided.
    fn attempt(&mut self, pending: Pending, ctx: &mut Context<Self>) {
        if self.gone {
            return pending.respond.give(Err(Refusal::Forbidden));
        }
        let follows = follows_the_script(&self.seat, &pending.command);
        if follows && !(self.pending.is_empty() && self.held.is_empty()) {
            return self.hold(pending);
        }
        self.begin(pending, ctx);
    }

    fn hold(&mut self, pending: Pending) {
        if self.held.len() < HELD {
            self.held.push_back(pending);
        } else {
            self.house.metrics.mailbox_full.inc();
            pending.respond.give(Err(busy()));
        }
    }

    fn begin(&mut self, pending: Pending, ctx: &mut Context<Self>) {
        let schema = self.seat.script.schema.and_then(|id| self.state.schemas.get(&id));
        let needs = needs(&self.seat, schema.map(|schema| &**schema), &pending.command);
        if needs.is_nothing() {
            return self.decide(pending, &Known::default(), ctx);
        }
        let (store, seat) = (self.house.store.clone(), self.seat.clone());
        let reading = async move { store.read(move |connection| script_log::known(connection, &seat, &needs)).await };
        self.reading = true;
        ctx.wait(reading.into_actor(self).map(move |known, seat, ctx| {
            seat.reading = false;
            match known {
                Ok(known) => seat.decide(pending, &known, ctx),
                Err(error) => {
                    tracing::error!(%error, "what a command needs could not be read");
                    pending.respond.give(Err(Refusal::Unavailable));
                }
            }
            seat.release(ctx);
        }));
    }

    /// Goes on with the commands that waited.
    fn release(&mut self, ctx: &mut Context<Self>) {
        while self.pending.is_empty() && !self.reading {
            let Some(next) = self.held.pop_front() else { return };
            self.begin(next, ctx);
        }
    }

    /// Decides a command and hands the decision on.
    fn decide(&mut self, pending: Pending, known: &Known, ctx: &mut Context<Self>) {
        if known.repeated.is_some() || known.confirmed {
            // it was taken before: nothing happens twice
            let done = self.done(known.repeated.clone(), Spans::new(), self.state.rev);
            return pending.respond.give(Ok(done));
        }
        let around = Surroundings {
            roster: &self.state.roster,
            schemas: &self.state.schemas,
            seq: self.state.seq,
            rules: self.house.script_rules(),
            now: self.house.clock.now(),
        };
        let scene = Scene { seat: &self.seat, around, known };
        let decision = match decide(&scene, pending.command.clone(), &mut rand::random) {
            Ok(decision) if decision.changes.is_empty() => {
                let done = self.done(None, Spans::new(), self.state.rev);
                return pending.respond.give(Ok(Done { idle: decision.own == Own::None, ..done }));
            }
            Ok(decision) => decision,
            Err(refusal) => return pending.respond.give(Err(refusal)),
        };
        self.next_number += 1;
        let number = self.next_number;
        let commit = Commit { account: self.account.id, seat: ctx.address(), number, decision };
        match self.thread.try_send(commit) {
            Ok(()) => {
                self.pending.insert(number, pending);
            }
            Err(_) => {
                self.house.metrics.mailbox_full.inc();
                pending.respond.give(Err(busy()));
            }
        }
    }

    /// Answers what became of a command; a clash is decided anew on what is known now.
    fn conclude(&mut self, (number, verdict): Verdict, ctx: &mut Context<Self>) {
        let Some(mut pending) = self.pending.remove(&number) else { return };
        match verdict {
            Ok(Committed { message, read, rev }) => {
                let done = self.done(message, read, rev);
                pending.respond.give(Ok(done));
            }
            Err(CommitError::Clash) if pending.tries + 1 < TRIES => {
                pending.tries += 1;
                self.begin(pending, ctx);
            }
            Err(error) => pending.respond.give(Err(self.explain(&error))),
        }
        self.release(ctx);
    }

    /// A seat that is gone is forbidden, not in conflict.
    fn explain(&self, error: &CommitError) -> Refusal {
        match error {
            CommitError::Clash if self.state.roster.get(self.account.id).is_none() => Refusal::Forbidden,
            other => refusal(other),
        }
    }

    fn done(&self, message: Option<Arc<Message>>, read: Spans, rev: Rev) -> Done {
        // the newest message was written for the others already
        let newest = self.state.lasts.iter().flatten();
        let shared = message.as_ref().and_then(|message| {
            newest.clone().find(|last| Arc::ptr_eq(&last.message, message)).map(|last| last.shared.clone())
        });
        let (unread, read_upto) = (self.unread.count(), self.reads.upto);
        Done { message, shared, read, unread, read_upto, rev, idle: false }
    }
}
