//! How a thread tells what was committed: moves its state on, starts the seats of those who came meanwhile, and tells
//! each present seat the batch and what became of its own commits.

use std::sync::Arc;

use actix::prelude::*;

use super::Outgoing;
use super::frames::removed_frame;
use super::presence::Goodbye;
use super::thread::{Thread, Verdicts};
use super::told::{Batch, News, Told, Verdict};
use super::user_thread::Leave;
use crate::domain::event::{Event, Outcome};
use crate::domain::{AccountId, Message, Rev};
use crate::store::{StoreError, accounts, messages, unread};

impl Thread {
    /// Moves the state on and tells the seats; what must be read for it first is read with the mailbox held.
    pub(super) fn carry_out(&mut self, outcomes: Vec<Outcome>, verdicts: Verdicts, ctx: &mut Context<Self>) {
        let Some(awake) = &self.awake else { return };
        let unknown = awake.unknown_senders(&outcomes);
        let views = awake.views_without_last(&outcomes);
        let schemas = awake.unknown_schemas(&outcomes);
        let orphans: Vec<String> = outcomes.iter().flat_map(|outcome| outcome.orphans.clone()).collect();
        if unknown.is_empty() && views.is_empty() && orphans.is_empty() && schemas.is_empty() {
            return self.move_on(&outcomes, verdicts, Vec::new(), ctx);
        }
        let (store, id) = (self.house.store.clone(), self.id);
        let reading = async move {
            // what was taken back is gone before anybody is told so
            let files = store.files().clone();
            if let Err(error) = tokio::task::spawn_blocking(move || files.remove(&orphans)).await {
                tracing::error!(%error, "unused files could not be removed");
            }
            let read = store.read(move |connection| {
                let known = accounts::many(connection, &unknown)?;
                let lasts: Result<Vec<_>, StoreError> = views
                    .into_iter()
                    .map(|(view, hidden)| Ok((view, messages::last(connection, id, &hidden)?)))
                    .collect();
                Ok((known, lasts?))
            });
            (read.await, store.schemas(schemas).await)
        };
        ctx.wait(reading.into_actor(self).map(move |(read, schemas), thread, ctx| {
            let (known, lasts) = read.unwrap_or_default();
            if let Some(awake) = &mut thread.awake {
                awake.learn(schemas.unwrap_or_default());
                known.iter().for_each(|account| awake.name(account));
            }
            thread.move_on(&outcomes, verdicts, lasts, ctx);
        }));
    }

    /// `lasts` are the newest messages as they were read after these outcomes.
    fn move_on(
        &mut self,
        outcomes: &[Outcome],
        verdicts: Verdicts,
        lasts: Vec<(usize, Option<Message>)>,
        ctx: &mut Context<Self>,
    ) {
        let Some(awake) = &mut self.awake else { return };
        let mut news = Vec::new();
        for added in newcomers(outcomes) {
            // who watched until now hears as a member from now on
            if let Some(watching) = self.seats.remove(&added) {
                watching.do_send(Leave);
            }
        }
        for outcome in outcomes {
            awake.apply(outcome, &mut news);
        }
        // after the events: an edit in the same batch must not bring back what was deleted
        for (view, last) in lasts {
            awake.set_last(view, last);
        }
        let created = news.iter().filter(|piece| matches!(piece, News::Message { created: true, .. })).count();
        self.house.metrics.messages.inc_by(u64::try_from(created).unwrap_or(0));
        if news.iter().any(|piece| matches!(piece, News::Removed { .. })) && !awake.roster.is_empty() {
            news.push(awake.announcement());
        }
        let batch = awake.batch(news);
        self.house.listening.tell(self.id);
        self.tell(batch, verdicts, ctx);
    }

    /// Tells the batch to whom it concerns, and each seat what became of its own commits.
    pub(super) fn tell(&mut self, batch: Batch, verdicts: Verdicts, ctx: &mut Context<Self>) {
        let mut whose: Vec<Option<AccountId>> = batch.news.iter().map(News::whose).collect();
        whose.dedup();
        let removed: Vec<(AccountId, Rev)> = batch
            .news
            .iter()
            .filter_map(|piece| match piece {
                News::Removed { account, rev } => Some((*account, *rev)),
                _ => None,
            })
            .collect();
        if batch.news.iter().any(|piece| matches!(piece, News::Thread { .. })) {
            self.arrivals = None;
        }
        let batch = Arc::new(batch);
        if !whose.contains(&None) {
            let told = whose.into_iter().flatten().collect();
            return self.tell_these(told, &batch, verdicts);
        }
        let come = self.arrivals();
        if come.is_empty() {
            let told = self.seats.keys().copied().collect();
            self.tell_these(told, &batch, verdicts);
            self.let_go(removed);
            return;
        }
        // those who came are seated first, with one look at the messages for all of them
        let (store, id) = (self.house.store.clone(), self.id);
        let members = come.clone();
        let reading = async move { store.read(move |connection| unread::of_members(connection, id, &members)).await };
        ctx.wait(reading.into_actor(self).map(move |known, thread, ctx| {
            let mut known = known.unwrap_or_default();
            for (account, _) in come {
                thread.start_seat(account, known.remove(&account), ctx);
            }
            let told = thread.seats.keys().copied().collect();
            thread.tell_these(told, &batch, verdicts);
            thread.let_go(removed);
        }));
    }

    /// Tells these seats the batch, and each seat what became of its own commits.
    fn tell_these(&mut self, told: Vec<AccountId>, batch: &Arc<Batch>, mut verdicts: Verdicts) {
        for account in told {
            let own = match verdicts.remove(&account) {
                Some((seat, own)) if self.seats.get(&account) == Some(&seat) => own,
                Some(other) => {
                    verdicts.insert(account, other);
                    Vec::new()
                }
                None => Vec::new(),
            };
            self.tell_one(account, Some(batch.clone()), own);
        }
        for (_, (seat, verdicts)) in verdicts {
            // bounded: a seat has no more commits under way than the thread allows
            seat.do_send(Told { batch: None, verdicts });
        }
    }

    /// Lets the seats of those go who left; who had none hears of it all the same.
    fn let_go(&mut self, removed: Vec<(AccountId, Rev)>) {
        if !removed.is_empty() {
            // who was a member may still watch
            self.arrivals = None;
        }
        for (account, rev) in removed {
            if self.seats.remove(&account).is_none() {
                let frame = Outgoing { thread: self.id, rev, bytes: removed_frame(self.id, rev) };
                self.house.presence.deliver(account, &[frame]);
            }
        }
    }

    /// Members and watchers who have come since presence was last looked at, with the message types hidden from each.
    fn arrivals(&mut self) -> Vec<(AccountId, Vec<String>)> {
        let arrivals = Some(self.house.presence.arrivals());
        let Some(awake) = &self.awake else { return Vec::new() };
        if arrivals == self.arrivals {
            return Vec::new();
        }
        self.arrivals = arrivals;
        let members = awake.roster.iter().map(|member| (member.account.id, member.account.role));
        let watchers = awake.watchers.values().filter(|account| awake.roster.get(account.id).is_none());
        let watchers = watchers.map(|account| (account.id, account.role));
        let visibility = &self.house.config.chat.visibility;
        members
            .chain(watchers)
            .filter(|(account, _)| !self.seats.contains_key(account) && self.house.presence.is_online(*account))
            .map(|(account, role)| (account, visibility.hidden_from(role)))
            .collect()
    }

    /// A seat whose mailbox is full cannot keep up: its connections are closed and resume, and it is let go.
    fn tell_one(&mut self, account: AccountId, batch: Option<Arc<Batch>>, verdicts: Vec<Verdict>) {
        let Some(seat) = self.seats.get(&account) else { return };
        match seat.try_send(Told { batch, verdicts }) {
            Ok(()) => {}
            // it ended on its own: what it did not hear is made up for by resuming
            Err(SendError::Closed(_)) => {
                self.house.presence.end_account(account, Goodbye::SlowReader);
                self.arrivals = None;
                self.seats.remove(&account);
            }
            Err(SendError::Full(Told { verdicts, .. })) => {
                self.house.metrics.mailbox_full.inc();
                self.house.presence.end_account(account, Goodbye::SlowReader);
                if !verdicts.is_empty() {
                    // bounded by its commits under way; whoever waits for them is still answered
                    seat.do_send(Told { batch: None, verdicts });
                }
                self.arrivals = None;
                self.seats.remove(&account);
            }
        }
    }
}

/// Accounts that these outcomes make members.
fn newcomers(outcomes: &[Outcome]) -> Vec<AccountId> {
    let events = outcomes.iter().flat_map(|outcome| &outcome.events);
    let added = events.filter_map(|event| match event {
        Event::SeatPut { account, added: true, .. } => Some(account.id),
        _ => None,
    });
    added.collect()
}
