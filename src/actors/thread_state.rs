//! What a thread's actor knows of its thread, and how events move it on. No actor in here: state in, news out.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::clock::micros;
use super::frames::named_frame;
use super::told::{Around, Batch, Last, Names, News, Watchers};
use crate::config::Config;
use crate::domain::account::AccountView;
use crate::domain::event::{Event, Outcome};
use crate::domain::roster::Member;
use crate::domain::scene::{Schemas, ScriptRules, Surroundings};
use crate::domain::script::{Schema, SchemaId};
use crate::domain::view::{self, Look, MAX_USERS_IN_FRAMES, ThreadHead};
use crate::domain::visibility::Visibility;
use crate::domain::{Account, AccountId, Change, Decision, Message, MessageId, Micros, Rev, Roster, Seq};
use crate::store::threads::ThreadState;

/// A thread that is awake.
pub(super) struct Awake {
    pub head: ThreadHead,
    pub roster: Arc<Roster>,
    pub watchers: Watchers,
    /// The schemas that the seats have.
    pub schemas: Arc<Schemas>,
    /// Those that are still to be read, so that nobody looks through the roster for them.
    unlearned: BTreeSet<SchemaId>,
    lasts: Vec<Option<Last>>,
    /// How senders are shown, members or not.
    names: Arc<Names>,
    views: Vec<Vec<String>>,
    look: Arc<Look>,
    /// The thread object's shared part, as it was written for a head of this revision and position.
    written: Option<(Rev, Seq, Micros, Arc<str>)>,
}

impl Awake {
    pub(super) fn new(state: ThreadState, visibility: &Visibility, look: Arc<Look>) -> Self {
        let ThreadState { head, roster, watchers, lasts, strangers } = state;
        let watchers = watchers.into_iter().map(|account| (account.id, Arc::new(account))).collect();
        let unlearned = roster.seats().filter_map(|seat| seat.script.schema).collect();
        let mut awake = Self {
            head,
            roster: Arc::new(roster),
            watchers,
            schemas: Arc::default(),
            unlearned,
            lasts: Vec::new(),
            names: Arc::default(),
            views: visibility.views(),
            look,
            written: None,
        };
        let members: Vec<Arc<Account>> = awake.roster.iter().map(|member| member.account.clone()).collect();
        for account in members {
            awake.name(&account);
        }
        for account in &strangers {
            awake.name(account);
        }
        awake.lasts = lasts.into_iter().map(|last| last.map(|message| awake.last_of(Arc::new(message)))).collect();
        awake
    }

    /// Remembers how an account is shown.
    pub(super) fn name(&mut self, account: &Account) {
        let shown = AccountView::of(account, &self.look.placeholder);
        if self.names.get(&account.id) != Some(&shown) {
            Arc::make_mut(&mut self.names).insert(account.id, shown);
        }
    }

    /// When members who are away are to be told of what the decision says: if it makes a message, and somebody other than
    /// its sender wants that.
    pub(super) fn notify_at(&self, decision: &Decision, now: Micros, config: &Config) -> Option<Micros> {
        let told = decision.changes.iter().any(|change| match change {
            Change::CreateMessage(message) | Change::Ask { message, .. } => self.roster.notifies_beyond(message.sender),
            _ => false,
        });
        told.then(|| now.saturating_add(micros(config.notifications.delay)))
    }

    /// How an account is shown, if it is known.
    pub(super) fn shown(&self, account: AccountId) -> Option<&AccountView> {
        self.names.get(&account)
    }

    /// The schemas of seats of which nothing is known yet: those left over, and those that these outcomes put.
    pub(super) fn unknown_schemas(&self, outcomes: &[Outcome]) -> Vec<SchemaId> {
        let put = outcomes.iter().flat_map(|outcome| &outcome.events).filter_map(|event| match event {
            Event::SeatPut { seat, .. } => seat.script.schema,
            _ => None,
        });
        let mut unknown = self.unlearned.clone();
        unknown.extend(put.filter(|id| !self.schemas.contains_key(id)));
        unknown.into_iter().collect()
    }

    /// Remembers schemas that were read.
    pub(super) fn learn(&mut self, schemas: Vec<Arc<Schema>>) {
        if !schemas.is_empty() {
            self.unlearned.retain(|id| !schemas.iter().any(|schema| schema.id == *id));
            Arc::make_mut(&mut self.schemas).extend(schemas.into_iter().map(|schema| (schema.id, schema)));
        }
    }

    /// What a seat of this thread decides on.
    pub(super) fn surroundings(&self, rules: ScriptRules, now: Micros) -> Surroundings<'_> {
        Surroundings { roster: &self.roster, schemas: &self.schemas, seq: self.head.seq, rules, now }
    }

    /// The senders in these outcomes of whom nothing is known yet.
    pub(super) fn unknown_senders(&self, outcomes: &[Outcome]) -> Vec<AccountId> {
        let messages = outcomes.iter().flat_map(|outcome| &outcome.events).filter_map(|event| match event {
            Event::MessageSaved { message, .. } => message.sender,
            _ => None,
        });
        messages.filter(|sender| !self.names.contains_key(sender)).collect()
    }

    /// The views whose newest message these outcomes take away: they must be read again.
    pub(super) fn views_without_last(&self, outcomes: &[Outcome]) -> Vec<(usize, Vec<String>)> {
        let deleted: Vec<MessageId> = outcomes
            .iter()
            .flat_map(|outcome| &outcome.events)
            .filter_map(|event| match event {
                Event::MessageDeleted { message } => Some(message.id),
                _ => None,
            })
            .collect();
        if deleted.is_empty() {
            return Vec::new();
        }
        self.views.iter().cloned().enumerate().collect()
    }

    /// Sets the newest message of a view, as it was read after the outcomes.
    pub(super) fn set_last(&mut self, view: usize, message: Option<Message>) {
        let last = message.map(|message| self.last_of(Arc::new(message)));
        if let Some(place) = self.lasts.get_mut(view) {
            *place = last;
        }
    }

    fn last_of(&self, message: Arc<Message>) -> Last {
        Last { shared: self.shared(&message), message }
    }

    fn shared(&self, message: &Message) -> Arc<str> {
        let sender = message.sender.and_then(|sender| self.names.get(&sender));
        view::message_shared(message, sender, &self.look).into()
    }

    /// The thread object's shared part as it stands.
    pub(super) fn thread_shared(&mut self) -> Arc<str> {
        // every change of head or roster moves the revision; a deletion may also move only the time
        if let Some((rev, seq, updated, written)) = &self.written
            && (*rev, *seq, *updated) == (self.head.rev, self.head.seq, self.head.updated)
        {
            return written.clone();
        }
        let with_users = self.roster.len() <= MAX_USERS_IN_FRAMES;
        let written: Arc<str> = view::thread_shared(&self.head, &self.roster, &self.look, with_users).into();
        self.written = Some((self.head.rev, self.head.seq, self.head.updated, written.clone()));
        written
    }

    /// The newest message per view.
    pub(super) fn lasts(&self) -> Arc<[Option<Last>]> {
        self.lasts.clone().into()
    }

    fn around(&mut self) -> Around {
        Around::new(self.thread_shared(), self.lasts())
    }

    /// News that everybody's thread object is to be told.
    pub(super) fn announcement(&mut self) -> News {
        let around = Arc::new(self.around());
        News::Thread { rev: self.head.rev, around }
    }

    /// What the seats need to know of the state as it stands, without any news.
    pub(super) fn batch(&mut self, news: Vec<News>) -> Batch {
        let thread = self.thread_shared();
        Batch {
            news,
            roster: self.roster.clone(),
            schemas: self.schemas.clone(),
            lasts: self.lasts(),
            thread,
            names: self.names.clone(),
            seq: self.head.seq,
            rev: self.head.rev,
            changed_rev: self.head.changed_rev,
        }
    }

    /// Moves the state on by one outcome; what the seats are to be told of it.
    pub(super) fn apply(&mut self, outcome: &Outcome, news: &mut Vec<News>) {
        for event in &outcome.events {
            if let Some(piece) = self.apply_event(event) {
                news.push(piece);
            }
        }
        self.head.seq = self.head.seq.max(outcome.seq);
        self.head.rev = self.head.rev.max(outcome.rev);
        self.head.updated = self.head.updated.max(outcome.updated);
    }

    fn apply_event(&mut self, event: &Event) -> Option<News> {
        match event {
            Event::MessageSaved { message, created } => Some(self.message_saved(message, *created)),
            Event::MessageDeleted { message } => Some(self.message_deleted(message)),
            Event::Retitled { title, rev } => {
                self.head.title.clone_from(title);
                self.changed(*rev);
                Some(self.announcement())
            }
            Event::SeatPut { seat, account, added, quiet, reads } => {
                self.head.rev = self.head.rev.max(seat.rev);
                self.unlearned.extend(seat.script.schema.filter(|id| !self.schemas.contains_key(id)));
                self.name(account);
                let member = Member { account: account.clone(), seat: seat.clone() };
                Arc::make_mut(&mut self.roster).put(member);
                Some(if *added {
                    self.changed(seat.rev);
                    self.announcement()
                } else {
                    let around = Arc::new(self.around());
                    News::Seat { seat: seat.clone(), reads: reads.clone(), quiet: *quiet, around }
                })
            }
            Event::SeatRemoved { account, rev } => {
                self.changed(*rev);
                Arc::make_mut(&mut self.roster).remove(*account);
                Some(News::Removed { account: *account, rev: *rev })
            }
            Event::ReadMoved { account, reads, seqs } => {
                Some(News::Read { account: *account, reads: reads.clone(), seqs: seqs.clone() })
            }
            Event::MessageRepeated { .. } | Event::ThreadDeleted => None,
        }
    }

    /// Title or roster changed.
    fn changed(&mut self, rev: Rev) {
        self.head.rev = self.head.rev.max(rev);
        self.head.changed_rev = self.head.changed_rev.max(rev);
    }

    fn message_saved(&mut self, message: &Arc<Message>, created: bool) -> News {
        let last = self.last_of(message.clone());
        self.head.seq = self.head.seq.max(message.seq);
        self.head.rev = message.rev;
        self.head.updated = self.head.updated.max(message.updated);
        for (view, place) in self.views.iter().zip(&mut self.lasts) {
            let newest = place.as_ref().is_none_or(|known| known.message.seq <= message.seq);
            if newest && !view.contains(&message.kind) {
                *place = Some(last.clone());
            }
        }
        News::Message { message: message.clone(), created, shared: last.shared, around: self.around() }
    }

    fn message_deleted(&mut self, message: &Arc<Message>) -> News {
        self.head.rev = message.rev;
        self.head.updated = self.head.updated.max(message.updated);
        let frame = named_frame("message_created_or_updated", &view::deleted_object(message));
        News::Deleted { message: message.clone(), frame }
    }
}
