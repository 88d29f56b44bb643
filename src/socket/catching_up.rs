//! `resume`: a session's threads catch up one after the other, their live frames held meanwhile.

use std::collections::BTreeMap;

use actix::prelude::*;
use serde_json::Value;

use super::frame;
use super::session::{Context, Session};
use crate::actors::respond::busy;
use crate::actors::user_thread::{Caught, Missed};
use crate::actors::{self, House};
use crate::domain::resume::Resync;
use crate::domain::{AccountId, Rev, ThreadId};

impl Session {
    /// Holds the threads' live frames and fetches what was missed, one thread after the other.
    pub(super) fn resume(&mut self, id: Option<Value>, log: &str, threads: BTreeMap<ThreadId, Rev>, ctx: &mut Context) {
        let same_log = log == &*self.house.log;
        if self.resuming.replace(true) {
            // one at a time, so that nobody queues up more than is sent
            return self.push(frame::refused(id.as_ref(), &busy()));
        }
        for thread in threads.keys() {
            self.hold.borrow_mut().begin(*thread);
        }
        let (house, account, hold) = (self.house.clone(), self.account.id, self.hold.clone());
        let resuming_now = self.resuming.clone();
        let resuming = async move {
            let mut resumed = BTreeMap::new();
            for (thread, since) in threads {
                let caught =
                    if same_log { catch_up(&house, thread, account, since).await } else { Err(Resync::LogChanged) };
                match caught {
                    Ok(caught) => {
                        house.metrics.resumes.inc();
                        resumed.insert(thread, caught.rev);
                        hold.borrow_mut().caught(thread, caught.frames, caught.rev);
                    }
                    Err(why) => {
                        house.metrics.resyncs.inc();
                        let mut hold = hold.borrow_mut();
                        hold.answer(frame::resync(thread, why.as_str()));
                        hold.end(thread);
                    }
                }
            }
            hold.borrow_mut().answer(frame::resumed(id.as_ref(), &house.log, &resumed));
            resuming_now.set(false);
        };
        // the body takes what is ready right after the actor ran, so nobody needs to be woken
        ctx.spawn(resuming.into_actor(self));
    }
}

async fn catch_up(house: &House, thread: ThreadId, account: AccountId, since: Rev) -> Result<Caught, Resync> {
    let seat = match actors::open_seat(house, thread, account).await {
        Ok(seat) => seat,
        Err(refusal) if refusal == busy() => return Err(Resync::TooOld),
        Err(_) => return Err(Resync::NotAMember),
    };
    match seat.send(Missed(since)).await {
        Ok(caught) => caught,
        Err(_) => Err(Resync::TooOld),
    }
}
