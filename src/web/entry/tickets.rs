//! One-use tickets: for WebSockets of browsers (30 seconds), and for links that the server prints itself.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::keys::random_token;
use crate::domain::AccountId;
use crate::store::accounts::{Credential, Revoked};

/// Tickets that wait at most; beyond it the oldest are forgotten.
const MOST: usize = 100_000;

/// What a ticket stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// Who.
    pub account: AccountId,
    /// What they had presented when they got it.
    pub credential: Credential,
}

impl Bearer {
    /// Whether what was revoked is what this ticket came from.
    fn is_meant_by(&self, what: &Revoked) -> bool {
        match *what {
            Revoked::Token(id) => self.credential == Credential::Token(id),
            Revoked::Login(id) => self.credential == Credential::Login(id),
            Revoked::Account(id) => self.account == id,
        }
    }
}

/// Tickets by what they are, and the order in which they were given out.
#[derive(Default)]
struct Waiting {
    bearers: HashMap<String, (Instant, Bearer)>,
    /// May name tickets that were redeemed since; never longer than the bound.
    order: VecDeque<(Instant, String)>,
}

impl Waiting {
    /// Makes room for one more: what is too old goes, and the oldest when there are too many.
    fn make_room(&mut self, now: Instant, most: usize) {
        while self.order.front().is_some_and(|(until, _)| *until <= now || self.order.len() >= most) {
            if let Some((_, oldest)) = self.order.pop_front() {
                self.bearers.remove(&oldest);
            }
        }
    }
}

/// Tickets that were given out and not used yet.
#[derive(Clone)]
pub struct Tickets {
    waiting: Arc<Mutex<Waiting>>,
    lifetime: Duration,
    most: usize,
}

impl Tickets {
    /// Tickets that are good for `lifetime`.
    pub fn new(lifetime: Duration) -> Self {
        Self { waiting: Arc::default(), lifetime, most: MOST }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a ticket out.
    pub fn give(&self, bearer: Bearer) -> String {
        let ticket = random_token("");
        let now = Instant::now();
        let until = now + self.lifetime;
        let mut waiting = self.waiting();
        waiting.make_room(now, self.most);
        waiting.order.push_back((until, ticket.clone()));
        waiting.bearers.insert(ticket.clone(), (until, bearer));
        ticket
    }

    /// Takes a ticket in: it is good once.
    pub fn redeem(&self, ticket: &str) -> Option<Bearer> {
        let taken = self.waiting().bearers.remove(ticket);
        taken.filter(|(until, _)| *until > Instant::now()).map(|(_, bearer)| bearer)
    }

    /// Forgets the tickets of what was revoked: a ticket opens nothing that its bearer no longer may.
    pub fn forget(&self, revoked: &[Revoked]) {
        self.waiting().bearers.retain(|_, (_, bearer)| !revoked.iter().any(|what| bearer.is_meant_by(what)));
    }

    /// How long a ticket is good.
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEARER: Bearer = Bearer { account: 1, credential: Credential::Signed };

    #[test]
    fn a_ticket_is_good_once_even_when_two_race_for_it() {
        let tickets = Tickets::new(Duration::from_secs(30));
        let ticket = tickets.give(BEARER);
        let racers: Vec<_> = (0..8)
            .map(|_| {
                let (tickets, ticket) = (tickets.clone(), ticket.clone());
                std::thread::spawn(move || tickets.redeem(&ticket).is_some())
            })
            .collect();
        let winners = racers.into_iter().map(|racer| racer.join().expect("ran"));
        assert_eq!(winners.filter(|won| *won).count(), 1);
    }

    #[test]
    fn an_old_or_unknown_ticket_is_no_good() {
        let tickets = Tickets::new(Duration::ZERO);
        assert_eq!(tickets.redeem(&tickets.give(BEARER)), None);
        assert_eq!(tickets.redeem("made up"), None);
    }

    /// A token was revoked while a ticket of it waited; the ticket opened a socket that nothing closed any more.
    #[test]
    fn a_ticket_ends_with_what_it_came_from() {
        let of = |credential| Bearer { account: 1, credential };
        let table = [
            (of(Credential::Token(7)), Revoked::Token(7), false),
            (of(Credential::Token(8)), Revoked::Token(7), true),
            (of(Credential::Login(7)), Revoked::Token(7), true),
            (of(Credential::Login(7)), Revoked::Login(7), false),
            (of(Credential::Signed), Revoked::Account(1), false),
            (of(Credential::Signed), Revoked::Account(2), true),
        ];
        for (bearer, revoked, good) in table {
            let tickets = Tickets::new(Duration::from_secs(30));
            let ticket = tickets.give(bearer);
            tickets.forget(&[revoked]);
            assert_eq!(tickets.redeem(&ticket).is_some(), good, "{bearer:?} {revoked:?}");
        }
    }

    /// Whoever asks for very many pushes the oldest out, not everybody.
    #[test]
    fn beyond_the_bound_only_the_oldest_are_forgotten() {
        let tickets = Tickets { most: 3, ..Tickets::new(Duration::from_secs(30)) };
        let given: Vec<String> = (0..5).map(|_| tickets.give(BEARER)).collect();
        let good: Vec<bool> = given.iter().map(|ticket| tickets.redeem(ticket).is_some()).collect();
        assert_eq!(good, [false, false, true, true, true]);
        assert!(tickets.waiting().order.len() <= 3);
    }
}
