//! The kinds of jobs that bots know, and who carries them out.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::Bots;
use crate::actors::jobs::Handler;
use crate::outbound::Failure;
use crate::store::StoreError;
use crate::store::jobs::Job;

/// A turn that is owed to a partner.
pub(super) const TURN: &str = "bot.turn";
/// A call to a provider.
pub(super) const SEND: &str = "bot.send";
/// Something that a bot says in a thread.
pub(super) const SAY: &str = "bot.say";
/// The webhook of an integration that is gone.
pub(super) const UNSET: &str = "bot.unset";
/// A post to a notification hook.
pub(super) const HOOK: &str = "bot.hook";
/// A state that may time out.
pub(super) const TIMER: &str = "bot.timer";

/// The tries of a turn, its first one included (B90).
const TURN_TRIES: i32 = 3;

/// The recipient of everything that must happen in order for one partner.
pub(super) fn partner_key(integration: &str, chat: &str, person: &str) -> String {
    format!("bot:{integration}:{chat}:{person}")
}

/// Carries bots' jobs out.
pub struct Carrier(pub Bots);

impl Handler for Carrier {
    fn kinds(&self) -> &'static [&'static str] {
        &[TURN, SEND, SAY, UNSET, HOOK, TIMER]
    }

    fn carry_out(&self, job: Job) -> BoxFuture<'_, Result<(), Failure>> {
        let bots = self.0.clone();
        async move {
            let unreadable = |error: StoreError| Failure::Never(error.to_string());
            match job.kind.as_str() {
                TURN => {
                    let done = bots.turn(job.payload().map_err(unreadable)?).await;
                    done.map_err(|failure| if job.attempts >= TURN_TRIES { never(failure) } else { failure })
                }
                SEND => bots.send(&job, job.payload().map_err(unreadable)?).await,
                SAY => bots.say(job.payload().map_err(unreadable)?).await,
                UNSET => bots.unset(job.payload().map_err(unreadable)?).await,
                HOOK => bots.fire(job.payload().map_err(unreadable)?).await,
                TIMER => bots.time_out(job.payload().map_err(unreadable)?).await,
                kind => Err(Failure::Never(format!("bots know no jobs of kind {kind}"))),
            }
        }
        .boxed()
    }
}

fn never(failure: Failure) -> Failure {
    match failure {
        Failure::Later { why, .. } => Failure::Never(why),
        failure @ Failure::Never(_) => failure,
    }
}
