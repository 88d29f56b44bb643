//! What is forgotten in time: updates that came in, and posts to hooks (B88).

use std::time::Duration;

use super::Bots;
use crate::store::Connection;
use crate::store::bots::{intake, journal};

/// How often is looked.
const EVERY: Duration = Duration::from_secs(3_600);

impl Bots {
    /// Starts forgetting, on the runtime it is called on.
    pub fn forget_in_time(&self) {
        let house = self.house.clone();
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(EVERY);
            loop {
                ticks.tick().await;
                let kept = i64::try_from(house.config.bots.retention.as_micros()).unwrap_or(i64::MAX);
                let before = house.clock.now().saturating_sub(kept);
                let forget = move |connection: &mut Connection| {
                    intake::forget_before(connection, before)?;
                    journal::forget_before(connection, before)
                };
                if let Err(error) = house.store.write(forget).await {
                    tracing::warn!(%error, "what bots remember could not be forgotten");
                }
            }
        });
    }
}
