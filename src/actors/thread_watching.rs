//! Accounts that watch a thread without being members (contract, 15.4).

use std::sync::Arc;

use actix::prelude::*;

use super::thread::Thread;
use super::user_thread::Leave;
use crate::domain::Account;

/// An account watches, or does not any more.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Watching {
    pub account: Arc<Account>,
    pub watches: bool,
}

impl Handler<Watching> for Thread {
    type Result = ();

    fn handle(&mut self, Watching { account, watches }: Watching, _: &mut Self::Context) {
        let Some(awake) = &mut self.awake else { return };
        if watches {
            self.arrivals = None;
            awake.watchers.insert(account.id, account);
        } else {
            awake.watchers.remove(&account.id);
            if awake.roster.get(account.id).is_none()
                && let Some(seat) = self.seats.remove(&account.id)
            {
                seat.do_send(Leave);
            }
        }
    }
}
