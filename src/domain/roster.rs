//! Who is in a thread: each member's account and seat, as one snapshot that is replaced, never changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Account, AccountId, Notifications, Seat};

/// A member: the account and their seat.
#[derive(Clone, Debug)]
pub struct Member {
    /// Who they are.
    pub account: Arc<Account>,
    /// What the thread knows of them.
    pub seat: Arc<Seat>,
}

/// The members of a thread, in the order of their account ids.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    members: BTreeMap<AccountId, Member>,
    /// How many of them want to be notified while they are away: counted along, since every message asks.
    notified: usize,
}

/// Whether a member is to be told of messages while they are away.
fn wants(seat: &Seat) -> bool {
    seat.notifications.contains(Notifications::PUSH)
}

impl Roster {
    /// The roster of these members.
    pub fn new(members: impl IntoIterator<Item = Member>) -> Self {
        let mut roster = Self::default();
        for member in members {
            roster.put(member);
        }
        roster
    }

    /// Whether a message of `sender` is to be told to anybody who is away (notification bit 4).
    pub fn notifies_beyond(&self, sender: Option<AccountId>) -> bool {
        let own = sender.and_then(|sender| self.seat(sender)).is_some_and(|seat| wants(seat));
        self.notified > usize::from(own)
    }

    /// The member of that account.
    pub fn get(&self, account: AccountId) -> Option<&Member> {
        self.members.get(&account)
    }

    /// That account's seat.
    pub fn seat(&self, account: AccountId) -> Option<&Arc<Seat>> {
        self.members.get(&account).map(|member| &member.seat)
    }

    /// Every member, by account id.
    pub fn iter(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// Every seat, by account id.
    pub fn seats(&self) -> impl Iterator<Item = &Arc<Seat>> {
        self.members.values().map(|member| &member.seat)
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether nobody is left.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Puts a member in, or in the place of their former state.
    pub fn put(&mut self, member: Member) {
        self.remove(member.account.id);
        self.notified += usize::from(wants(&member.seat));
        self.members.insert(member.account.id, member);
    }

    /// Takes a member out.
    pub fn remove(&mut self, account: AccountId) -> Option<Member> {
        let gone = self.members.remove(&account)?;
        self.notified -= usize::from(wants(&gone.seat));
        Some(gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Permissions, Role};

    fn member(id: AccountId, bits: i32) -> Member {
        let mut seat = Seat::new(1, id, Permissions::MEMBER, 1);
        seat.notifications = Notifications::from_bits_retain(bits);
        let (first_name, last_name) = (String::new(), String::new());
        let account =
            Account { id, email: None, first_name, last_name, role: Role::Member, avatar: None, language: None };
        Member { account: Arc::new(account), seat: Arc::new(seat) }
    }

    #[test]
    fn somebody_else_must_want_to_be_notified() {
        let mut roster = Roster::new([member(1, 7), member(2, 3)]);
        assert!(!roster.notifies_beyond(Some(1)), "one is not told of one's own words");
        assert!(roster.notifies_beyond(Some(2)) && roster.notifies_beyond(None));
        roster.put(member(2, 7));
        assert!(roster.notifies_beyond(Some(1)));
        roster.put(member(2, 3));
        assert!(!roster.notifies_beyond(Some(1)), "a member who is put again is counted once");
        roster.remove(1);
        assert!(!roster.notifies_beyond(None));
    }
}
