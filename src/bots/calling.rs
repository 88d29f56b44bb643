//! Calls to owners' apps: bounded in number, repeated once where that is harmless (bots contract, B52, B53, B55).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::Bots;
use crate::domain::bot::turn::{AppResponse, RequestPlan};
use crate::outbound::{Exchange, Exchanged, NoAnswer};

/// Calls of one bot at once.
const AT_ONCE: usize = 20;
/// The longest call in all.
const LONGEST: Duration = Duration::from_secs(10);
/// The most bytes of an answer.
const MAX_ANSWER: usize = 1 << 20;
/// How long until a call is repeated.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest wait that an app may ask for.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bots whose calls are counted; more at once are not remembered.
const COUNTED: usize = 10_000;

/// Counts the calls of each bot. Cloning is cheap.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<Mutex<HashMap<String, Arc<Semaphore>>>>);

impl Gate {
    fn of(&self, bot: &str) -> Arc<Semaphore> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= COUNTED {
            // those under way keep their own
            known.retain(|_, gate| Arc::strong_count(gate) > 1);
        }
        known.entry(bot.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))).clone()
    }
}

/// How long until it makes sense to ask once more, if at all.
fn pause_after(answer: &Result<Exchanged, NoAnswer>) -> Option<Duration> {
    match answer {
        Err(NoAnswer::Connect) => Some(PAUSE),
        Ok(Exchanged { status: 502..=504, .. }) => Some(PAUSE),
        Ok(Exchanged { status: 429, retry_after: Some(wait), .. }) if *wait <= PATIENCE => Some(*wait),
        _ => None,
    }
}

impl Bots {
    /// Makes the call of a handler for one message, which `message` names.
    pub(super) async fn ask_app(&self, bot: &str, plan: &RequestPlan, message: &str) -> AppResponse {
        if let Some(word) = &plan.refused {
            return AppResponse::failed(word);
        }
        let gate = self.gate.of(bot);
        // it is never closed
        let Ok(_turn) = gate.acquire().await else { return AppResponse::failed("connect") };
        let key = Sha256::digest(format!("{bot}\n{message}\n{}", plan.handler).as_bytes());
        let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        let own = [("idempotency-key", key)];
        let exchange = Exchange {
            method: &plan.method,
            url: &plan.url,
            headers: &plan.headers,
            own: &own,
            body: plan.body.as_deref(),
            timeout: LONGEST,
            max_answer: MAX_ANSWER,
        };
        let mut answer = self.outbound.client.exchange(&exchange).await;
        if let Some(pause) = pause_after(&answer) {
            tokio::time::sleep(pause).await;
            answer = self.outbound.client.exchange(&exchange).await;
        }
        match answer {
            Ok(answer) => AppResponse::answered(answer.status, &answer.body),
            Err(why) => AppResponse::failed(why.word()),
        }
    }
}
