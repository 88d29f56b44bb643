//! From what happened to who is told: one job becomes a delivery for each endpoint of each member who is away.

use super::{Finished, Worker};
use crate::domain::AccountId;
use crate::domain::notifying::Cause;
use crate::store::jobs::{Job, MessageMade, QuestionAsked, due_together};
use crate::store::notifications::{self, Delivery, Reach};

/// Members whose deliveries are written in one transaction.
const AT_ONCE: usize = 100;

impl Worker {
    fn reach(&self) -> Reach {
        Reach { mail: self.outbound.mailer.is_some(), webhook: self.house.config.notifications.webhook_url.is_some() }
    }

    /// Tells every member who wants it, has not read what is due, and is not here now. Whatever else of the thread is due
    /// by now is told along.
    pub(super) async fn tell_of_messages(&self, job: &Job, made: MessageMade) -> Finished {
        let (now, config, own) = (self.house.clock.now(), self.house.config.clone(), job.clone());
        let look = move |connection: &mut _| {
            let (mut ids, last) = due_together(connection, &own, now)?;
            ids.push(own.id);
            let upto = made.seq.max(last.unwrap_or(0));
            Ok((ids, notifications::untold(connection, made.thread, upto, &config.chat.visibility)?))
        };
        let (ids, untold) = self.house.store.read(look).await?;
        let away: Vec<(AccountId, i64)> =
            untold.into_iter().filter(|(account, _)| !self.house.presence.is_online(*account)).collect();
        let deliveries: Vec<Delivery> = away
            .into_iter()
            .map(|(account, last)| {
                let cause = Cause::Messages(last);
                Delivery { thread: made.thread, account, cause, browser: None }
            })
            .collect();
        self.write(deliveries).await?;
        Ok(ids)
    }

    /// Reminds a member of a question. Whether it still stands is looked at when the reminder is sent.
    pub(super) async fn remind(&self, job: &Job, asked: QuestionAsked) -> Finished {
        let QuestionAsked { thread, account, message } = asked;
        self.write(vec![Delivery { thread, account, cause: Cause::Reminder(message), browser: None }]).await?;
        Ok(vec![job.id])
    }

    async fn write(&self, deliveries: Vec<Delivery>) -> Result<(), crate::store::StoreError> {
        let (reach, now) = (self.reach(), self.house.clock.now());
        for some in deliveries.chunks(AT_ONCE) {
            let some = some.to_vec();
            let write = move |connection: &mut _| {
                some.iter().try_for_each(|delivery| notifications::tell(connection, delivery, reach, now))
            };
            self.house.store.write(write).await?;
        }
        Ok(())
    }
}
