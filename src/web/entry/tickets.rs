//! One-use tickets: for WebSockets of browsers (30 seconds), and for links that the server prints itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::keys::random_token;
use crate::domain::AccountId;
use crate::store::accounts::Credential;

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

/// Tickets that were given out and not used yet.
#[derive(Clone)]
pub struct Tickets {
    waiting: Arc<Mutex<HashMap<String, (Instant, Bearer)>>>,
    lifetime: Duration,
}

impl Tickets {
    /// Tickets that are good for `lifetime`.
    pub fn new(lifetime: Duration) -> Self {
        Self { waiting: Arc::default(), lifetime }
    }

    /// Gives a ticket out.
    pub fn give(&self, bearer: Bearer) -> String {
        let ticket = random_token("");
        let now = Instant::now();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MOST {
            waiting.retain(|_, (until, _)| *until > now);
        }
        if waiting.len() >= MOST {
            waiting.clear();
        }
        waiting.insert(ticket.clone(), (now + self.lifetime, bearer));
        ticket
    }

    /// Takes a ticket in: it is good once.
    pub fn redeem(&self, ticket: &str) -> Option<Bearer> {
        let taken = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(ticket);
        taken.filter(|(until, _)| *until > Instant::now()).map(|(_, bearer)| bearer)
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
}
