//! How a seat decides: commands wait for those they follow, what must be read for them is read, the decision is handed on,
//! and what became of it is answered.

use std::sync::Arc;

use actix::prelude::*;

use super::intake;
use super::respond::{Done, Respond, busy, refusal};
use super::thread::Commit;
use super::told::{Committed, Verdict};
use super::user_thread::UserThread;
use crate::domain::decide::{Command, decide, follows_the_script, needs};
use crate::domain::event::Own;
use crate::domain::scene::{Known, Scene, Surroundings};
use crate::domain::unread::Spans;
use crate::domain::{Message, MessageId, Mode, Refusal, Rev, Seat};
use crate::store::{CommitError, script_log};

/// Commands that wait for those before them at most.
const HELD: usize = 64;
/// How often a decision is made anew when somebody else changed the same seat (design, part 3).
const TRIES: u8 = 3;

/// A command under way.
pub(super) struct Pending {
    command: Command,
    tries: u8,
    /// Where the seat stood when an answer was first judged: it is the answer to nothing else.
    stood: Option<Place>,
    respond: Respond,
}

/// Where a seat stands in its script.
type Place = (Mode, Option<i64>, Option<MessageId>);

fn place(seat: &Seat) -> Place {
    (seat.mode, seat.script.question, seat.script.related_message)
}

impl Pending {
    pub(super) fn new(command: Command, respond: Respond) -> Self {
        Self { command, tries: 0, stood: None, respond }
    }
}

impl UserThread {
    /// Takes a command: when the script leads on from those before it, it waits for them; what must be read for it is
    /// read; then it is decided.
    pub(super) fn attempt(&mut self, pending: Pending, ctx: &mut Context<Self>) {
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
    fn decide(&mut self, mut pending: Pending, known: &Known, ctx: &mut Context<Self>) {
        if known.repeated.is_some() || known.confirmed {
            // it was taken before: nothing happens twice, and nobody needs the files that came again
            if let Command::Post(post) = &pending.command {
                intake::discard(&self.house, &Refusal::Clash, &post.attachments);
            }
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
        if follows_the_script(&self.seat, &pending.command) {
            pending.stood = Some(place(&self.seat));
        }
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
    pub(super) fn conclude(&mut self, (number, verdict): Verdict, ctx: &mut Context<Self>) {
        let Some(mut pending) = self.pending.remove(&number) else { return };
        match verdict {
            Ok(Committed { message, read, rev }) => {
                let done = self.done(message, read, rev);
                pending.respond.give(Ok(done));
            }
            // led elsewhere meanwhile: what was said to one question is no answer to another
            Err(CommitError::Clash) if pending.stood.is_some_and(|stood| stood != place(&self.seat)) => {
                pending.respond.give(Err(Refusal::Clash));
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

    pub(super) fn done(&self, message: Option<Arc<Message>>, read: Spans, rev: Rev) -> Done {
        // the newest message was written for the others already
        let newest = self.state.lasts.iter().flatten();
        let shared = message.as_ref().and_then(|message| {
            newest.clone().find(|last| Arc::ptr_eq(&last.message, message)).map(|last| last.shared.clone())
        });
        let (unread, read_upto) = (self.unread.count(), self.reads.upto);
        Done { message, shared, read, unread, read_upto, rev, idle: false }
    }
}
