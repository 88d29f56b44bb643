//! How a seat hears: it moves on with each piece of news, counts what is unread, and writes its member's frames.

use std::sync::Arc;

use actix::prelude::*;

use super::Outgoing;
use super::frames::{message_frame, named_frame, removed_frame, thread_frame, unread_frame, viewed_last};
use super::told::{Around, Batch, News, OwnPart};
use super::user_thread::{Caught, Leave, UserThread, own_part};
use crate::domain::view::{self, Viewed};
use crate::domain::{Message, Permissions, Rev, Seat};

impl UserThread {
    /// Hears a batch: moves on, and delivers the member's frames in one push.
    pub(super) fn hear(&mut self, batch: &Arc<Batch>, ctx: &mut Context<Self>) {
        self.state = batch.clone();
        let mut frames = Vec::new();
        let mut removed = false;
        for news in &batch.news {
            if let News::Removed { account, rev } = news
                && *account == self.account.id
                && !self.watching
            {
                frames.push(self.outgoing(*rev, removed_frame(self.seat.thread, *rev)));
                removed = true;
                break;
            }
            self.hear_one(news, &mut frames);
        }
        // a message that would have told it was not for this member
        if let Some((rev, around)) = self.untold.take() {
            frames.push(self.thread_outgoing(rev, &around));
        }
        frames.extend(self.untold_member.take());
        if !frames.is_empty() {
            self.house.presence.deliver(self.account.id, &frames);
        }
        if removed {
            ctx.notify(Leave);
        }
    }

    fn hear_one(&mut self, news: &News, frames: &mut Vec<Outgoing>) {
        match news {
            News::Message { message, created, shared, around } => {
                self.hear_message(message, *created, shared, around, frames);
            }
            News::Deleted { message, frame } => {
                let was_unread = self.unread.remove(message.seq);
                if self.hears() && self.sees(message) {
                    frames.push(self.outgoing(message.rev, frame.clone()));
                }
                if was_unread {
                    frames.push(self.unread_outgoing());
                }
            }
            News::Thread { rev, around } => {
                if self.hears() {
                    frames.push(self.thread_outgoing(*rev, around));
                }
            }
            News::Seat { seat, reads, quiet, around } if seat.account == self.account.id && !self.watching => {
                self.seat = seat.clone();
                self.own = own_part(seat, &self.account, &self.state, &self.house.look);
                self.reads = reads.clone();
                match quiet {
                    true => self.untold = Some((seat.rev, around.clone())),
                    false => frames.push(self.thread_outgoing(seat.rev, around)),
                }
            }
            News::Seat { seat, quiet, .. } if self.controls() && self.hears() => {
                let frame = self.member_outgoing(seat);
                match quiet {
                    // it shares its revision with the message that tells it, and must not be taken for it
                    true => self.untold_member = Some(frame),
                    false => frames.push(frame),
                }
            }
            News::Read { account, reads, seqs } if *account == self.account.id => {
                self.unread.subtract(seqs);
                self.reads = reads.clone();
                frames.push(self.unread_outgoing());
            }
            News::Seat { .. } | News::Read { .. } | News::Removed { .. } => {}
        }
    }

    fn hear_message(
        &mut self,
        message: &Arc<Message>,
        created: bool,
        shared: &str,
        around: &Around,
        frames: &mut Vec<Outgoing>,
    ) {
        let member = self.untold_member.take();
        if !self.sees(message) {
            frames.extend(member);
            return;
        }
        let own = message.sender == Some(self.account.id);
        if created && !own && !self.watching && self.reads.counts(message.seq) {
            self.unread.insert(message.seq, message.seq);
        }
        if self.hears() {
            let part = self.own_part(around, self.viewed(message));
            let bytes = around.frame(part, |part| message_frame(message, shared, around, part));
            frames.push(self.outgoing(message.rev, bytes));
            self.untold = None;
        }
        frames.extend(member);
    }

    /// Whether others' scripts are shown to the member.
    fn controls(&self) -> bool {
        !self.watching && self.seat.may(Permissions::CONTROL_OTHERS)
    }

    fn member_outgoing(&self, seat: &Seat) -> Outgoing {
        let schema = seat.script.schema.and_then(|id| self.state.schemas.get(&id));
        let data = view::script_of_member(seat, schema.map(|schema| &**schema));
        self.outgoing(seat.rev, named_frame("member_updated", &data))
    }

    fn hears(&self) -> bool {
        self.watching || self.seat.hears_live()
    }

    fn sees(&self, message: &Message) -> bool {
        self.house.config.chat.visibility.sees(self.account.role, &message.kind)
    }

    /// `is_read` in frames (contract, 15.3): of a recipient who tracks unread, true only for the sender.
    fn viewed(&self, message: &Message) -> Viewed {
        let is_own = message.sender == Some(self.account.id);
        Viewed { is_own, is_read: is_own || self.watching || !self.seat.tracks_unread() }
    }

    fn own_part(&self, around: &Around, message: Viewed) -> OwnPart {
        let last = around.lasts.get(self.view).and_then(Option::as_ref);
        OwnPart {
            view: self.view,
            message,
            last: viewed_last(last, self.account.id, &self.unread),
            unread: self.unread.count(),
            read_upto: self.reads.upto,
            seat: self.own.clone(),
        }
    }

    fn outgoing(&self, rev: Rev, bytes: bytes::Bytes) -> Outgoing {
        Outgoing { thread: self.seat.thread, rev, bytes }
    }

    fn thread_outgoing(&self, rev: Rev, around: &Around) -> Outgoing {
        let part = self.own_part(around, Viewed { is_read: true, is_own: false });
        self.outgoing(rev, around.frame(part, |part| thread_frame(around, part)))
    }

    fn unread_outgoing(&self) -> Outgoing {
        Outgoing::plain(unread_frame(self.seat.thread, self.unread.count(), self.reads.upto))
    }

    /// The frames of what was missed, the thread's if it changed, and the unread count.
    pub(super) fn caught(&self, missed: Vec<Message>, since: Rev, upto: Rev) -> Caught {
        let look = &self.house.look;
        let around = Arc::new(Around::new(self.state.thread.clone(), self.state.lasts.clone()));
        // whoever may not list messages, and whoever only watches, gets live frames and no history (contract, 15.4)
        let reads = !self.watching && self.seat.may(Permissions::READ_MESSAGES);
        let mut frames = Vec::with_capacity(missed.len() + 2);
        for message in missed.iter().filter(|message| reads && self.sees(message)) {
            let bytes = if message.deleted {
                named_frame("message_created_or_updated", &view::deleted_object(message))
            } else {
                let sender = message.sender.and_then(|sender| self.state.names.get(&sender));
                let shared = view::message_shared(message, sender, look);
                let part = self.own_part(&around, self.viewed(message));
                message_frame(message, &shared, &around, &part)
            };
            frames.push(self.outgoing(message.rev, bytes));
        }
        if self.state.changed_rev.max(self.seat.rev) > since {
            frames.push(self.thread_outgoing(upto, &around));
        }
        if self.controls() {
            let others = self.state.roster.seats().filter(|seat| seat.account != self.account.id && seat.rev > since);
            frames.extend(others.map(|seat| self.member_outgoing(seat)));
        }
        frames.push(self.unread_outgoing());
        Caught { frames, rev: upto }
    }
}
