//! The writer: one thread, one connection, one transaction for everything that is queued (group commit).
//!
//! It drains its queue (up to [`BATCH`] requests, never waiting for more), carries all of it out in one transaction,
//! commits, and then answers, the requests of one thread together. A request that fails on its own (a clash, a row that
//! is gone) is answered alone and leaves nothing behind; when the transaction itself fails, everything in it is
//! answered with the failure, and nothing of it is kept.
//!
//! The queue holds [`QUEUE`] requests; beyond it [`StoreError::Full`] is answered at once. When the disk cannot sync,
//! nobody can say any more what is kept, so the process ends with a clear line (PostgreSQL's rule).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use diesel::{Connection, SqliteConnection};
use tokio::sync::{Notify, oneshot};

use super::commit::{Caches, commit};
use super::{StoreError, jobs, search};
use crate::domain::event::{Event, Outcome};
use crate::domain::{Decision, Micros, ThreadId};
use crate::metrics::Metrics;

/// The most requests that wait.
pub const QUEUE: usize = 8_192;
/// The most requests of one transaction.
pub const BATCH: usize = 256;
/// How long the queue must be empty before the search index is brought up to date.
const INDEX_AFTER: Duration = Duration::from_millis(100);

/// Why one decision was not committed.
#[derive(Clone, Debug, PartialEq)]
pub enum CommitError {
    /// A seat has another revision than the decision was based on.
    Clash,
    /// The message, attachment or thread is not there any more.
    Missing,
    /// The queue was full; nothing was tried.
    Busy,
    /// The database failed; nothing was kept.
    Broken,
}

/// The answers to the requests of one thread, in the order of the queue: ticket and what became of it.
pub type Answer = Vec<(u64, Result<Outcome, CommitError>)>;
/// Where answers go.
pub type Reply = Arc<dyn Fn(Answer) + Send + Sync>;

/// A decision to be committed.
pub struct Request {
    /// The thread.
    pub thread: ThreadId,
    /// The asker's name for it.
    pub ticket: u64,
    /// What to store.
    pub decision: Decision,
    /// When it was decided.
    pub now: Micros,
    /// When members who are away are to be told of messages that it creates; `None` when nobody wants that.
    pub notify: Option<Micros>,
    /// Where the answer goes.
    pub reply: Reply,
}

/// Runs in the transaction; what it gives is called after the commit, with whether that worked.
type Task = Box<dyn FnOnce(&mut SqliteConnection) -> Answering + Send>;
/// Tells a task's asker what became of it.
type Answering = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

enum Item {
    Commit(Request),
    Task(Task),
    Stop(oneshot::Sender<()>),
}

/// The door to the writer. Cloning is cheap.
#[derive(Clone)]
pub(super) struct Handle {
    queue: SyncSender<Item>,
    waiting: Arc<AtomicUsize>,
    jobs_written: Arc<Notify>,
}

impl Handle {
    pub(super) fn jobs_written(&self) -> Arc<Notify> {
        self.jobs_written.clone()
    }

    fn send(&self, item: Item) -> Result<(), StoreError> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.queue.try_send(item).map_err(|error| {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            match error {
                TrySendError::Full(_) => StoreError::Full,
                TrySendError::Disconnected(_) => StoreError::Broken("the writer has stopped".into()),
            }
        })
    }

    pub(super) fn submit(&self, request: Request) -> Result<(), StoreError> {
        self.send(Item::Commit(request))
    }

    pub(super) fn queued(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(super) async fn run<T, F>(&self, task: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.send(Item::Task(Box::new(move |connection| {
            // a nested transaction is a savepoint: a task that fails leaves nothing behind
            let result = connection.transaction(task);
            Box::new(move |committed| {
                // nobody waits any more: the task is done all the same
                let _ = answer.send(committed.and(result));
            })
        })))?;
        answered.await.map_err(|_| StoreError::Broken("the writer has stopped".into()))?
    }

    pub(super) async fn close(&self) {
        let (done, stopped) = oneshot::channel();
        if self.send(Item::Stop(done)).is_ok() {
            let _ = stopped.await;
        }
    }
}

/// Starts the writer's thread on `connection`.
pub(super) fn start(connection: SqliteConnection, metrics: Metrics) -> Result<Handle, StoreError> {
    let (queue, items) = sync_channel(QUEUE);
    let waiting = Arc::new(AtomicUsize::new(0));
    let jobs_written = Arc::new(Notify::new());
    let mut writer = Writer {
        connection,
        caches: Caches::default(),
        waiting: waiting.clone(),
        metrics,
        index_due: true,
        jobs_written: jobs_written.clone(),
    };
    std::thread::Builder::new()
        .name("writer".into())
        .spawn(move || writer.run(&items))
        .map_err(|error| StoreError::Broken(format!("cannot start the writer: {error}")))?;
    Ok(Handle { queue, waiting, jobs_written })
}

struct Writer {
    connection: SqliteConnection,
    caches: Caches,
    waiting: Arc<AtomicUsize>,
    metrics: Metrics,
    index_due: bool,
    jobs_written: Arc<Notify>,
}

impl Writer {
    fn run(&mut self, items: &Receiver<Item>) {
        loop {
            let first = if self.index_due {
                match items.recv_timeout(INDEX_AFTER) {
                    Ok(item) => item,
                    Err(RecvTimeoutError::Timeout) => {
                        self.index();
                        continue;
                    }
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            } else {
                let Ok(item) = items.recv() else { return };
                item
            };
            let (batch, stop) = drain(first, items);
            self.waiting.fetch_sub(batch.len() + usize::from(stop.is_some()), Ordering::Relaxed);
            if !batch.is_empty() {
                self.carry_out(batch);
            }
            if let Some(done) = stop {
                let _ = done.send(());
                return;
            }
        }
    }

    fn index(&mut self) {
        match self.connection.immediate_transaction(search::index_some) {
            Ok(more) => self.index_due = more,
            Err(error) => {
                tracing::warn!(%error, "the search index could not be brought up to date");
                self.index_due = false;
            }
        }
    }

    /// One transaction for the whole batch, then all answers.
    fn carry_out(&mut self, batch: Vec<Item>) {
        let began = Instant::now();
        let size = batch.len();
        let caches = &mut self.caches;
        let mut done = Done::default();
        let mut waiting = Some(batch);
        let committed = self.connection.immediate_transaction(|connection| {
            let mut jobs_kept = Ok(());
            for item in waiting.take().unwrap_or_default() {
                match item {
                    Item::Commit(request) => {
                        let notify = request.notify.map(|due| (due, request.now));
                        let one = carry_out_one(connection, caches, request);
                        jobs_kept = jobs_kept.and(note_messages(connection, &one, notify));
                        done.commits.push(one);
                    }
                    Item::Task(task) => done.tasks.push(task(connection)),
                    // drain() never puts one into the batch
                    Item::Stop(_) => {}
                }
            }
            caches.write_heads(connection).and(jobs_kept)
        });
        // the transaction did not even begin: everybody is told all the same
        done.refuse(waiting.unwrap_or_default());
        if let Err(error) = &committed {
            self.caches.clear();
            tracing::error!(%error, requests = size, "a batch could not be committed; nothing of it was kept");
        }
        if jobs::take_written() {
            self.jobs_written.notify_one();
        }
        self.index_due |= !done.commits.is_empty();
        self.metrics.observe_batch(size, began.elapsed());
        let fatal = committed.as_ref().err().is_some_and(is_sync_failure);
        done.answer(&committed);
        if fatal {
            tracing::error!("the disk failed to sync, so what is kept is unknown; the process ends, start it again");
            std::process::exit(70);
        }
    }
}

/// What is queued, up to a batch; a request to stop ends it.
fn drain(first: Item, items: &Receiver<Item>) -> (Vec<Item>, Option<oneshot::Sender<()>>) {
    let mut batch = Vec::new();
    let mut next = Some(first);
    while let Some(item) = next.take() {
        if let Item::Stop(done) = item {
            return (batch, Some(done));
        }
        batch.push(item);
        if batch.len() < BATCH {
            // empty or closed: what is here is the batch
            next = items.try_recv().ok();
        }
    }
    (batch, None)
}

struct Committed {
    thread: ThreadId,
    ticket: u64,
    reply: Reply,
    result: Result<Outcome, CommitError>,
}

fn carry_out_one(connection: &mut SqliteConnection, caches: &mut Caches, request: Request) -> Committed {
    let Request { thread, ticket, decision, now, reply, notify: _ } = request;
    let result = commit(connection, caches, thread, decision, now);
    Committed { thread, ticket, reply, result }
}

/// The row by which members who are away are told, in the transaction of the message: a message without it, or it without
/// the message, is never kept.
fn note_messages(
    connection: &mut SqliteConnection,
    one: &Committed,
    notify: Option<(Micros, Micros)>,
) -> Result<(), StoreError> {
    let (Some((due, now)), Ok(outcome)) = (notify, &one.result) else { return Ok(()) };
    let made = outcome.events.iter().rev().find_map(|event| match event {
        Event::MessageSaved { message, created: true } => Some(message.seq),
        _ => None,
    });
    let Some(seq) = made else { return Ok(()) };
    jobs::note_message(connection, jobs::MessageMade { thread: one.thread, seq }, due, now)
}

#[derive(Default)]
struct Done {
    commits: Vec<Committed>,
    tasks: Vec<Answering>,
}

impl Done {
    /// Takes over what was never tried. Tasks are dropped, which their askers notice.
    fn refuse(&mut self, items: Vec<Item>) {
        for item in items {
            if let Item::Commit(Request { thread, ticket, reply, .. }) = item {
                self.commits.push(Committed { thread, ticket, reply, result: Err(CommitError::Broken) });
            }
        }
    }

    /// Answers everything; the requests of one thread together.
    fn answer(self, committed: &Result<(), StoreError>) {
        let mut threads: Vec<(Reply, Answer)> = Vec::new();
        let mut places: HashMap<ThreadId, usize> = HashMap::new();
        for one in self.commits {
            let result = if committed.is_ok() { one.result } else { Err(CommitError::Broken) };
            let place = *places.entry(one.thread).or_insert_with(|| {
                threads.push((one.reply, Vec::new()));
                threads.len() - 1
            });
            if let Some((_, answers)) = threads.get_mut(place) {
                answers.push((one.ticket, result));
            }
        }
        for (reply, answers) in threads {
            reply(answers);
        }
        for task in self.tasks {
            task(match committed {
                Ok(()) => Ok(()),
                Err(error) => Err(StoreError::Broken(error.to_string())),
            });
        }
    }
}

fn is_sync_failure(error: &StoreError) -> bool {
    matches!(error, StoreError::Broken(text) if text.contains("disk I/O error"))
}
