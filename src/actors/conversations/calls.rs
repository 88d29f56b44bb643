//! Carries out what conversations owe: what was heard, what is due, calls of bots, dispatches.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::House;
use super::super::jobs::Handler;
use super::brain::{Brains, End};
use super::dispatch::DISPATCH;
use super::take::{Moved, take};
use super::{dispatch, files, hear};
use crate::domain::conversation::settings::BotSettings;
use crate::domain::conversation::step::{Call, Input, Outcome};
use crate::domain::held::FetchedFile;
use crate::domain::{AccountId, Refusal, ThreadId};
use crate::outbound::{Failure, Outbound};
use crate::store::conversations::DUE;
use crate::store::jobs::{HEAR, Job, MessageMade};
use crate::store::{conversations, if_there, organisation};

/// A call of a bot: `{thread, call}`.
pub(super) const BOT_CALL: &str = "bot_call";
/// How often a call is tried: once, and twice more (contract, 7.4).
const TRIES: u32 = 3;

/// Conversations, with the ways out of the house. Cloning is cheap.
#[derive(Clone)]
pub struct Conversations {
    pub(super) house: House,
    pub(super) outbound: Outbound,
    pub(super) brains: Brains,
}

#[derive(Deserialize)]
struct Owed {
    thread: ThreadId,
    call: Call,
}

#[derive(Deserialize)]
struct Due {
    thread: ThreadId,
}

/// What a refusal means for a job: it is tried again.
pub(super) fn later(refusal: &Refusal) -> Failure {
    match refusal {
        Refusal::NotFound => Failure::Never(refusal.detail().to_owned()),
        other => Failure::later(other.detail()),
    }
}

impl Handler for Conversations {
    fn kinds(&self) -> &'static [&'static str] {
        &[HEAR, DUE, BOT_CALL, DISPATCH]
    }

    fn waiting_kinds(&self) -> &'static [&'static str] {
        &[BOT_CALL]
    }

    fn carry_out(&self, job: Job) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move {
            let unreadable = |error: crate::store::StoreError| Failure::Never(error.to_string());
            match job.kind.as_str() {
                HEAR => hear::hear(&self.house, job.payload::<MessageMade>().map_err(unreadable)?).await,
                DUE => {
                    let Due { thread } = job.payload().map_err(unreadable)?;
                    self.move_on(thread, Moved::by(Input::Tick)).await
                }
                BOT_CALL => self.call(job.payload().map_err(unreadable)?).await,
                _ => dispatch::send(self, &job, job.payload().map_err(unreadable)?).await,
            }
        })
    }
}

impl Conversations {
    /// Conversations of a house.
    pub fn new(house: &House, outbound: &Outbound) -> Self {
        let brains = Brains::new(&outbound.caller, &outbound.seal);
        Self { house: house.clone(), outbound: outbound.clone(), brains }
    }

    /// The same, with bots of this house.
    #[must_use]
    pub fn with_builtin(mut self, brain: Arc<dyn super::Brain>) -> Self {
        self.brains.builtin = Some(brain);
        self
    }

    /// Has a conversation move; who listens to its thread hears that a turn may be over.
    async fn move_on(&self, thread: ThreadId, moved: Moved) -> Result<(), Failure> {
        take(&self.house, thread, moved).await.map_err(|refusal| later(&refusal))?;
        self.house.listening.tell(thread);
        Ok(())
    }

    /// Makes a call, unless its outcome is known or not wanted any more.
    async fn call(&self, Owed { thread, call }: Owed) -> Result<(), Failure> {
        let bot = call.bot;
        let read = move |connection: &mut _| if_there(organisation::bot(connection, bot));
        let Some(settings) = self.house.store.read(read).await?.map(|row| row.settings) else { return Ok(()) };
        let mut tries = 0;
        let end = loop {
            if !self.is_open(thread, &call).await? {
                return Ok(());
            }
            let Some(brain) = self.brains.of(settings.kind) else { break End::Connect };
            tries += 1;
            let begun = tokio::time::Instant::now();
            let attempt = brain.answer(&call, &settings).await;
            let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            let entry = json!({"kind": "call", "event": call.name, "cid": call.cid, "delivery": call.delivery, "try": tries,
                "milliseconds": took, "result": attempt.note()});
            self.log(bot, entry).await;
            if !attempt.again || tries >= TRIES {
                break attempt.end;
            }
            // one second, then three (contract, 7.4)
            tokio::time::sleep(self.house.config.bots.retry_wait * (2 * tries - 1)).await;
        };
        let (outcome, found) = self.outcome(bot, &call, end).await;
        let inputs = vec![Input::Answered { delivery: call.delivery, outcome }];
        self.move_on(thread, Moved { inputs, files: found, ..Moved::default() }).await
    }

    /// What a call came to, with the files of its answer.
    async fn outcome(&self, bot: AccountId, call: &Call, end: End) -> (Outcome, BTreeMap<String, FetchedFile>) {
        let outcome = match end {
            End::Batch(batch) => match files::fetch(&self.house, &self.outbound.caller, batch).await {
                Ok((batch, found)) => return (Outcome::Batch(batch), found),
                Err(error) => {
                    let entry = json!({"kind": "files", "delivery": call.delivery, "result": error.body()});
                    self.log(bot, entry).await;
                    Outcome::Unreadable
                }
            },
            End::Unreadable(_) => Outcome::Unreadable,
            End::Status(status) => Outcome::Status(status),
            End::Connect => Outcome::Connect,
            End::Timeout => Outcome::Timeout,
        };
        (outcome, BTreeMap::new())
    }

    /// Whether a session still waits for this very call.
    async fn is_open(&self, thread: ThreadId, call: &Call) -> Result<bool, Failure> {
        let kept = self.house.store.read(move |connection| conversations::load(connection, thread)).await?;
        let session = kept.and_then(|kept| kept.state.session);
        let open = session.and_then(|session| session.open);
        Ok(open.is_some_and(|open| open.delivery == call.delivery))
    }

    /// Notes something in a bot's log; nobody fails because of it.
    pub(super) async fn log(&self, bot: AccountId, entry: Value) {
        let now = self.house.clock.now();
        let write = move |connection: &mut _| organisation::log_bot(connection, bot, &entry, now);
        if let Err(error) = self.house.store.write(write).await {
            tracing::warn!(%error, bot, "a bot's log could not be written");
        }
    }

    /// The settings of a bot, with its secrets sealed as they are kept.
    pub(super) fn token(&self, settings: &BotSettings) -> Option<String> {
        self.outbound.seal.open(&settings.api_security_token).filter(|token| !token.is_empty())
    }
}
