//! What is owed to people behind connectors that call them. A message that is committed writes a job of the kind
//! [`HAND_ON`]; carried out, it writes one job for each call ([`PARCEL`]) together with the move of the cursor, so that a
//! crash in between neither loses nor doubles one. Calls of one conversation leave one after the other.

use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Channels;
use crate::actors::jobs::{Handler, Patience};
use crate::outbound::Failure;
use crate::store::door_deliveries::{HAND_ON, Owed};
use crate::store::jobs::Job;

/// One call that hands something on: [`Parcel`].
pub const PARCEL: &str = "parcel";

/// What a job of the kind [`PARCEL`] is about.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parcel {
    /// The connector's name.
    pub door: String,
    /// The door's name for the conversation.
    pub conversation: String,
    /// Names the call; the same when it is made again.
    pub id: String,
    /// What is sent.
    pub body: Value,
}

impl Channels {
    async fn carry_out_owed(&self, job: &Job) -> Result<(), Failure> {
        let unreadable = |error: crate::store::StoreError| Failure::Never(error.to_string());
        let gone = |door: &str| Failure::Never(format!("there is no connector {door} any more"));
        if job.kind == HAND_ON {
            let owed: Owed = job.payload().map_err(unreadable)?;
            let connector = self.get(&owed.door).ok_or_else(|| gone(&owed.door))?;
            return match connector.hand_on(owed.conversation, owed.since) {
                Some(work) => work.await,
                None => Ok(()),
            };
        }
        let parcel: Parcel = job.payload().map_err(unreadable)?;
        let connector = self.get(&parcel.door).ok_or_else(|| gone(&parcel.door))?;
        match connector.send(parcel) {
            Some(work) => work.await,
            None => Ok(()),
        }
    }
}

impl Handler for Channels {
    fn kinds(&self) -> &'static [&'static str] {
        &[HAND_ON, PARCEL]
    }

    fn carry_out(&self, job: Job) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move { self.carry_out_owed(&job).await })
    }

    fn patience(&self) -> Option<Patience> {
        let minutes = |count: u64| Duration::from_secs(60 * count);
        Some(Patience { first: Duration::from_secs(1), longest: minutes(5), whole: minutes(24 * 60) })
    }
}
