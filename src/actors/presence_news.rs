//! Tells people who share a thread when one of them comes or goes, and pings every connection: one task per node.
//!
//! Going is told after a short wait, so that a reload is not news. Who comes is told who is there already. News are
//! hints: when too many wait, some are lost, and the next connection tells anew.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::frames::{PING, presence_frame};
use super::presence::News;
use super::{House, Outgoing};
use crate::domain::AccountId;
use crate::store::threads;

/// News that wait at most.
const QUEUE: usize = 4_096;
/// How long somebody must be away before it is told.
const GRACE: Duration = Duration::from_secs(3);

/// Starts the task; it ends with the runtime it was started on.
pub fn start(house: &House) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    house.presence.tell(sender);
    tokio::spawn(run(house.clone(), receiver));
    tokio::spawn(heartbeat(house.clone()));
}

async fn run(house: House, mut news: mpsc::Receiver<News>) {
    let mut leaving: VecDeque<(Instant, AccountId)> = VecDeque::new();
    loop {
        let due = leaving.front().map(|(at, _)| *at);
        tokio::select! {
            piece = news.recv() => match piece {
                Some((account, true)) => came(&house, account).await,
                Some((account, false)) => leaving.push_back((Instant::now() + GRACE, account)),
                None => return,
            },
            () = sleep_until(due.unwrap_or_else(|| Instant::now() + GRACE)), if due.is_some() => {
                if let Some((_, account)) = leaving.pop_front()
                    && !house.presence.is_online(account)
                {
                    tell(&house, account, false).await;
                }
            }
        }
    }
}

async fn companions(house: &House, account: AccountId) -> Vec<AccountId> {
    let most = house.config.chat.presence_members;
    let found = house.store.read(move |connection| threads::companions(connection, account, most)).await;
    found.unwrap_or_else(|error| {
        tracing::warn!(%error, "who is to hear of a presence could not be read");
        Vec::new()
    })
}

/// The others hear of the newcomer, and the newcomer of the others.
async fn came(house: &House, account: AccountId) {
    let others = companions(house, account).await;
    let here: Vec<AccountId> = others.into_iter().filter(|other| house.presence.is_online(*other)).collect();
    let frame = [Outgoing::plain(presence_frame(account, true))];
    for other in &here {
        house.presence.deliver(*other, &frame);
    }
    let frames: Vec<Outgoing> = here.iter().map(|other| Outgoing::plain(presence_frame(*other, true))).collect();
    if !frames.is_empty() {
        house.presence.deliver(account, &frames);
    }
}

async fn tell(house: &House, account: AccountId, online: bool) {
    let frame = [Outgoing::plain(presence_frame(account, online))];
    for other in companions(house, account).await {
        house.presence.deliver(other, &frame);
    }
}

/// Pings everybody, and ends those of whom nothing was heard for too long. Runs outside the sessions.
async fn heartbeat(house: House) {
    let socket = &house.config.socket;
    let mut ticks = interval(socket.heartbeat.max(Duration::from_millis(100)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let timeout = i64::try_from(socket.timeout.as_micros()).unwrap_or(i64::MAX);
    loop {
        ticks.tick().await;
        house.presence.beat(&Outgoing::plain(PING), house.clock.now() - timeout);
    }
}
