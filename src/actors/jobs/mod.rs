//! `Jobs`: carries out what must leave the house, one task per node.
//!
//! It claims the jobs that are due, at most `jobs.concurrency` at once and one at a time for each recipient, and wakes when
//! a job was written, when one becomes due, and once a second in any case. A job that fails is tried again after a wait that
//! doubles, with chance in it so that many do not come back at once, and never before the other server wants it; after
//! `jobs.tries` it is parked with its last error, and an operator decides (`/api/admin/jobs`).
//!
//! When the server stops, nothing new is begun and what is under way is waited for. What was begun and not finished, as
//! after a crash, is taken again when its lease (`jobs.lease`) runs out: everything happens at least once.

mod backoff;
mod delivery;
mod telling;
#[cfg(test)]
mod tests;
mod words;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::House;
use super::clock::micros;
use crate::domain::Micros;
use crate::domain::notifying::{Channel, Unsubscribe};
use crate::outbound::{Failure, Outbound};
use crate::store::StoreError;
use crate::store::jobs::{self, Job};

/// How long at most until it is looked again what is due.
const TICK: Duration = Duration::from_secs(1);

/// How long the end of the server waits for what is under way; less than the whole stop may take.
const GRACE: Duration = Duration::from_secs(5);

/// The most jobs that mostly wait and keep nobody else up; more than that count as any other.
const MAX_WAITING: usize = 256;

/// Writes the URL by which somebody stops notifications without signing in.
pub type UnsubscribeUrl = Arc<dyn Fn(&Unsubscribe) -> String + Send + Sync>;

/// Somebody who carries out jobs of some kinds: what leaves the house through bots and channels. A job may come twice, as
/// after a crash; its effects must happen once.
pub trait Handler: Send + Sync {
    /// The kinds that it knows.
    fn kinds(&self) -> &'static [&'static str];

    /// Those of them that mostly wait for somebody else: many may be under way without keeping others up.
    fn waiting_kinds(&self) -> &'static [&'static str] {
        &[]
    }

    /// Carries one out: [`Failure::Later`] is tried again, [`Failure::Never`] is parked.
    fn carry_out(&self, job: Job) -> BoxFuture<'_, Result<(), Failure>>;

    /// How it is tried again; `None` is as the settings say.
    fn patience(&self) -> Option<Patience> {
        None
    }
}

/// How often something is tried again: after a wait that doubles, up to an age.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The first wait.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
    /// No new try after so long.
    pub whole: Duration,
}

/// All handlers by kind.
pub type Handlers = Vec<Arc<dyn Handler>>;

/// Everything that carrying out a job needs. Cloning is cheap.
#[derive(Clone)]
struct Worker {
    house: House,
    outbound: Outbound,
    unsubscribe_url: UnsubscribeUrl,
    public_url: Arc<str>,
    handlers: Arc<HashMap<&'static str, Arc<dyn Handler>>>,
    /// How many jobs are under way that mostly wait for somebody else.
    waiting: Arc<AtomicUsize>,
}

/// The ids of the jobs that are finished with this one.
type Finished = Result<Vec<i64>, Failure>;

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Failure::later(error.to_string())
    }
}

/// The running task.
pub struct Jobs {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Jobs {
    /// Starts carrying out jobs, on the runtime it is called on. `public_url` is how the world calls this server.
    /// `handlers` know further kinds.
    pub fn start(
        house: &House,
        outbound: Outbound,
        unsubscribe_url: UnsubscribeUrl,
        public_url: Arc<str>,
        handlers: Handlers,
    ) -> Jobs {
        let each = handlers.iter().flat_map(|handler| handler.kinds().iter().map(|kind| (*kind, handler.clone())));
        let handlers = Arc::new(each.collect());
        let waiting = Arc::default();
        let worker = Worker { house: house.clone(), outbound, unsubscribe_url, public_url, handlers, waiting };
        let (stop, stopped) = watch::channel(false);
        Jobs { stop, task: tokio::spawn(run(worker, stopped)) }
    }

    /// Begins nothing new, and waits for what is under way, but not for ever: what is cut off is begun again after its lease.
    pub async fn stop(mut self) {
        // an error says that the task has ended already
        let _ = self.stop.send(true);
        if tokio::time::timeout(GRACE, &mut self.task).await.is_err() {
            tracing::info!("deliveries under way were cut off; they are made again");
            self.task.abort();
        }
    }
}

async fn run(worker: Worker, mut stopped: watch::Receiver<bool>) {
    let written = worker.house.store.jobs_written();
    let most = worker.house.config.jobs.concurrency;
    let mut running: JoinSet<()> = JoinSet::new();
    while !*stopped.borrow() {
        while let Some(ended) = running.try_join_next() {
            complain_of_panic(ended);
        }
        let mut wait = TICK;
        let most = most + worker.waiting.load(Ordering::Acquire).min(MAX_WAITING);
        if running.len() < most {
            match worker.take(most - running.len()).await {
                Ok((jobs, next)) => {
                    for job in jobs {
                        running.spawn(worker.clone().carry_out(worker.waits(&job), job));
                    }
                    wait = next.map_or(TICK, |next| next.min(TICK));
                }
                Err(error) => tracing::warn!(%error, "jobs could not be claimed"),
            }
        }
        tokio::select! {
            () = written.notified() => {}
            Some(ended) = running.join_next() => complain_of_panic(ended),
            () = tokio::time::sleep(wait) => {}
            _ = stopped.changed() => {}
        }
    }
    while let Some(ended) = running.join_next().await {
        complain_of_panic(ended);
    }
}

/// A job that panicked stays claimed until its lease runs out, and counts as tried.
fn complain_of_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a job ended in a panic");
    }
}

/// Counts a job that mostly waits, as long as it is under way.
struct Waits(Arc<AtomicUsize>);

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Worker {
    /// Counts a job, if it mostly waits for somebody else.
    fn waits(&self, job: &Job) -> Option<Waits> {
        let handler = self.handlers.get(job.kind.as_str())?;
        handler.waiting_kinds().contains(&job.kind.as_str()).then(|| {
            self.waiting.fetch_add(1, Ordering::AcqRel);
            Waits(self.waiting.clone())
        })
    }

    /// Claims what is due, at most `room`; and how long it is until something else becomes due.
    async fn take(&self, room: usize) -> Result<(Vec<Job>, Option<Duration>), StoreError> {
        let now = self.house.clock.now();
        let most = i64::try_from(room).unwrap_or(i64::MAX);
        let look =
            move |connection: &mut _| Ok((jobs::ready(connection, now, most)?, jobs::next_due(connection, now)?));
        let (ids, next) = self.house.store.read(look).await?;
        let wait = next.and_then(|next| u64::try_from(next - now).ok()).map(Duration::from_micros);
        if ids.is_empty() {
            return Ok((Vec::new(), wait));
        }
        let until = now.saturating_add(micros(self.house.config.jobs.lease));
        let claimed = self.house.store.write(move |connection| jobs::claim(connection, &ids, now, until)).await?;
        Ok((claimed, wait))
    }

    /// Carries one job out, and notes what became of it.
    async fn carry_out(self, _waits: Option<Waits>, job: Job) {
        let metrics = &self.house.metrics;
        metrics.jobs.running.inc();
        let finished = self.attempt(&job).await;
        metrics.jobs.running.dec();
        let conversation = jobs::thread_of(&job.recipient);
        let noted = match finished {
            Ok(ids) => {
                metrics.jobs.done.inc();
                self.house.store.write(move |connection| jobs::done(connection, &ids)).await
            }
            Err(failure) => {
                metrics.jobs.failed.inc();
                self.note_failure(job, &failure).await
            }
        };
        if let Err(error) = noted {
            tracing::warn!(%error, "what became of a job could not be noted; it is done again after its lease");
        }
        if let Some(thread) = conversation {
            // a turn may be over
            self.house.listening.tell(thread);
        }
    }

    async fn attempt(&self, job: &Job) -> Finished {
        let unreadable = |error: StoreError| Failure::Never(error.to_string());
        if let Some(handler) = self.handlers.get(job.kind.as_str()) {
            handler.carry_out(job.clone()).await?;
            return Ok(vec![job.id]);
        }
        match job.kind.as_str() {
            jobs::MESSAGE => self.tell_of_messages(job, job.payload().map_err(unreadable)?).await,
            jobs::REMIND => self.remind(job, job.payload().map_err(unreadable)?).await,
            kind => {
                let unknown = || Failure::Never(format!("this version knows no jobs of kind {kind}"));
                let channel = Channel::parse(kind).ok_or_else(unknown)?;
                self.deliver(job, channel, &job.payload().map_err(unreadable)?).await?;
                Ok(vec![job.id])
            }
        }
    }

    /// Tried again later, or parked.
    async fn note_failure(&self, job: Job, failure: &Failure) -> Result<(), StoreError> {
        let (settings, now) = (&self.house.config.jobs, self.house.clock.now());
        let tries = u32::try_from(job.attempts).unwrap_or(u32::MAX);
        let patience = self.handlers.get(job.kind.as_str()).and_then(|handler| handler.patience());
        let (first, longest, goes_on) = match patience {
            Some(its) => (its.first, its.longest, now < job.created.saturating_add(micros(its.whole))),
            None => (settings.backoff, settings.max_backoff, tries < settings.tries),
        };
        let again: Option<Micros> = match failure {
            Failure::Later { retry_after, .. } if goes_on => {
                let wait = backoff::wait(tries, (first, longest), rand::random_range(0.5..1.0));
                Some(now.saturating_add(micros(wait.max(retry_after.unwrap_or_default()))))
            }
            Failure::Later { .. } | Failure::Never(_) => None,
        };
        let (id, kind, error) = (job.id, job.kind.clone(), failure.to_string());
        if again.is_some() {
            tracing::info!(job = id, kind, tries, error, "a job failed and will be tried again");
        } else {
            self.house.metrics.jobs.parked.inc();
            tracing::warn!(job = id, kind, tries, error, "a job is parked");
        }
        self.house.store.write(move |connection| jobs::failed(connection, &job, &error, again)).await
    }
}
