//! `UserThread`: one per member (or watcher) who is connected or acting. It decides what its member may do, counts
//! what they have not read, and writes their frames.
//!
//! Lives on its thread's arbiter while the member is connected or has something under way; the thread lets it go
//! otherwise. Mailbox: [`MAILBOX`]; a command that finds it full is answered `busy`, news that find it full end the
//! member's connections, which resume. It never stores anything, and never waits.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use actix::prelude::*;

use super::deciding::Pending;
use super::respond::Respond;
use super::thread::Thread;
use super::told::{Around, Batch, Told};
use super::{House, Outgoing};
use crate::domain::decide::Command;
use crate::domain::resume::{Resync, judge};
use crate::domain::running::language;
use crate::domain::unread::Spans;
use crate::domain::view::{self, Look, Shown};
use crate::domain::{Account, Message, ReadState, Rev, Seat};
use crate::store::{StoreError, messages, threads};

/// The mailbox's bound.
const MAILBOX: usize = 256;

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

/// The actor of one seat.
pub struct UserThread {
    pub(super) house: House,
    pub(super) thread: Addr<Thread>,
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
    /// The same of another member, for those who control others.
    pub(super) untold_member: Option<Outgoing>,
    pub(super) pending: HashMap<u64, Pending>,
    /// Commands that must wait until the seat stands where the ones before them lead.
    pub(super) held: VecDeque<Pending>,
    /// Whether something is read for a command; the mailbox waits meanwhile.
    pub(super) reading: bool,
    pub(super) next_number: u64,
    /// Whether what the member has read is still to be read.
    must_read: bool,
    /// Whether the member had left before the seat was read.
    pub(super) gone: bool,
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
            untold_member: None,
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
    let shown = Shown {
        schema: schema.map(|schema| &**schema),
        language: language(seat, Some(account)),
        account: Some(account),
    };
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
        self.attempt(Pending::new(command, respond), ctx);
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
        self.attempt(Pending::new(Command::MarkRead { seqs, upto }, respond), ctx);
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
