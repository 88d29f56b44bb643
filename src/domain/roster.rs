//! Who is in a thread: each member's account and seat, as one snapshot that is replaced, never changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Account, AccountId, Seat};

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
pub struct Roster(BTreeMap<AccountId, Member>);

impl Roster {
    /// The roster of these members.
    pub fn new(members: impl IntoIterator<Item = Member>) -> Self {
        Self(members.into_iter().map(|member| (member.account.id, member)).collect())
    }

    /// The member of that account.
    pub fn get(&self, account: AccountId) -> Option<&Member> {
        self.0.get(&account)
    }

    /// That account's seat.
    pub fn seat(&self, account: AccountId) -> Option<&Arc<Seat>> {
        self.0.get(&account).map(|member| &member.seat)
    }

    /// Every member, by account id.
    pub fn iter(&self) -> impl Iterator<Item = &Member> {
        self.0.values()
    }

    /// Every seat, by account id.
    pub fn seats(&self) -> impl Iterator<Item = &Arc<Seat>> {
        self.0.values().map(|member| &member.seat)
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts a member in, or in the place of their former state.
    pub fn put(&mut self, member: Member) {
        self.0.insert(member.account.id, member);
    }

    /// Takes a member out.
    pub fn remove(&mut self, account: AccountId) -> Option<Member> {
        self.0.remove(&account)
    }
}
