//! Finished runs whose time has come start again (contract, 16: B-REPETITION). A sweep asks the database which those are
//! and tells each seat; what happens then is the seat's to decide, so a sweep too many does no harm.

use tokio::time::MissedTickBehavior;

use super::House;
use super::doorway::act;
use crate::domain::Refusal;
use crate::domain::decide::Command;
use crate::store::{Connection, script_log};

/// Members of one sweep at most; the rest follow with the next.
const MOST: i64 = 200;

/// Sweeps as often as the settings say, as long as the server runs.
pub fn start(house: &House) {
    let house = house.clone();
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(house.config.scripts.restart_every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            sweep(&house).await;
        }
    });
}

async fn sweep(house: &House) {
    let now = house.clock.now();
    let due = house.store.read(move |connection: &mut Connection| script_log::due_restarts(connection, now, MOST));
    let due = match due.await {
        Ok(due) => due,
        Err(error) => return tracing::warn!(%error, "due restarts could not be read"),
    };
    for (thread, account) in due {
        match act(house, thread, account, Command::Restart).await {
            // who left meanwhile has nothing to restart
            Ok(_) | Err(Refusal::Forbidden) => {}
            Err(refusal) => tracing::warn!(thread, account, code = refusal.code(), "a script could not start again"),
        }
    }
}
