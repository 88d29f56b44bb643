//! What staff do with a conversation (contract, 1 and 6.2).

use super::super::content::SystemEntry;
use super::run::Run;
use super::state::Status;
use super::step::{Refused, Staff};
use super::world::Assignee;

/// Why a conversation changed hands, if staff did it.
const STAFF: &str = "staff";

impl Run<'_> {
    /// Staff act.
    pub(super) fn staff(&mut self, act: Staff) {
        match act {
            Staff::TakeOver { by } => self.take_over(by),
            Staff::Assign { to } => self.assign(to),
            Staff::Unassign => self.unassign(),
            Staff::End if self.state.status == Status::Ended => self.refuse(Refused::Nothing),
            Staff::End => {
                self.state.routed = true;
                self.end(Some("operator"));
            }
            Staff::Reopen if self.state.status == Status::Open => self.refuse(Refused::Nothing),
            Staff::Reopen => {
                self.state.status = Status::Open;
                self.entry(SystemEntry::Reopened);
            }
        }
    }

    /// A human takes the conversation, from whoever holds it. More of them than they have slots is their own business.
    fn take_over(&mut self, by: i64) {
        let to = Assignee::Operator(by);
        if self.state.assignee == Some(to) {
            return self.refuse(Refused::Nothing);
        }
        if !self.world.operators.contains_key(&by) {
            return self.refuse(Refused::NotAvailable);
        }
        self.leave_holder();
        self.hand_over(to, Some("take_over"));
    }

    /// Gives the conversation to somebody: a bot must be able to take it, as in 3.2.
    fn assign(&mut self, to: Assignee) {
        if self.state.assignee == Some(to) {
            return self.refuse(Refused::Nothing);
        }
        let can = match to {
            Assignee::Operator(id) => self.world.operators.contains_key(&id),
            Assignee::Bot(id) => self.world.bots.get(&id).is_some_and(|bot| bot.unavailable().is_none()),
        };
        if !can {
            return self.refuse(Refused::NotAvailable);
        }
        self.leave_holder();
        self.hand_over(to, Some(STAFF));
    }

    fn unassign(&mut self) {
        if self.state.status == Status::Ended || self.state.assignee.is_none() {
            return self.refuse(Refused::Nothing);
        }
        let group = self.state.group;
        self.leave_holder();
        self.leave_unassigned(group, STAFF);
    }

    /// Whoever holds the conversation does not any more.
    fn leave_holder(&mut self) {
        self.state.routed = true;
        self.close_session();
        self.release_human();
    }
}
