//! A small pool of processes that render templates (bots contract, 6.7, B65).
//!
//! A worker is the server's own executable with a hidden command; it reads a batch a line on standard input and answers each
//! template with a line. It is bounded twice: the kernel refuses it more memory than [`MEMORY`] beyond what it has, and a
//! watch inside ends it after [`CPU`]; from outside, a batch that takes too long on the clock is killed. A worker that died
//! is an error of the template it was at; the rest of the batch goes on in a new one.

mod link;
mod wire;
pub mod worker;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore};

use link::Link;

use crate::domain::bot::template::{Job, RenderError};

/// Bytes that one rendering may take beyond what the worker has.
pub const MEMORY: u64 = 32 * 1024 * 1024;
/// CPU time of one rendering; more in a build for debugging, which is slower.
pub const CPU: Duration = if cfg!(debug_assertions) { Duration::from_millis(400) } else { Duration::from_millis(50) };
/// Templates of one batch at most.
const MAX_JOBS: usize = 2_000;

/// How the pool is set up.
#[derive(Clone, Debug)]
pub struct TemplatesConfig {
    /// The executable.
    pub program: PathBuf,
    /// What it is called with.
    pub arguments: Vec<String>,
    /// How many processes at most; they are started when they are needed.
    pub workers: usize,
    /// Batches that wait at most; more are refused.
    pub queue: usize,
    /// How long one template may take on the clock.
    pub patience: Duration,
}

impl Default for TemplatesConfig {
    /// Two workers of the running executable.
    fn default() -> Self {
        // the link in /proc works also after the file was replaced by an upgrade
        let own = PathBuf::from("/proc/self/exe");
        let program = if own.exists() { own } else { std::env::current_exe().unwrap_or_default() };
        Self {
            program,
            arguments: vec!["template-worker".into()],
            workers: 2,
            queue: 256,
            patience: Duration::from_secs(3),
        }
    }
}

/// The pool; cheap to clone.
#[derive(Clone)]
pub struct Templates {
    shared: Arc<Shared>,
}

struct Shared {
    config: TemplatesConfig,
    /// How many batches may be at work or wait.
    waiting: Semaphore,
    /// How many may be at work.
    working: Semaphore,
    /// Workers that have nothing to do.
    idle: Mutex<Vec<Link>>,
}

impl Templates {
    /// A pool that starts its workers when they are needed: an executable that cannot be started is an error of each
    /// rendering.
    pub fn start(config: TemplatesConfig) -> Self {
        let workers = config.workers.max(1);
        Self {
            shared: Arc::new(Shared {
                waiting: Semaphore::new(workers.saturating_add(config.queue)),
                working: Semaphore::new(workers),
                idle: Mutex::new(Vec::new()),
                config,
            }),
        }
    }

    /// Renders all, in order. Needs a runtime with I/O and time.
    pub async fn render(&self, jobs: Vec<Job>) -> Vec<Result<String, RenderError>> {
        let count = jobs.len();
        if count == 0 {
            return Vec::new();
        }
        let refused = |why: &str| vec![Err(RenderError::Unavailable(why.into())); count];
        if count > MAX_JOBS {
            return refused("too many templates at once");
        }
        let Ok(_place) = self.shared.waiting.try_acquire() else { return refused("too much is waiting") };
        let Ok(_turn) = self.shared.working.acquire().await else { return refused("the pool is closed") };
        let mut results = Vec::with_capacity(count);
        while let Some(rest) = jobs.get(results.len()..).filter(|rest| !rest.is_empty()) {
            let link = self.shared.idle.lock().await.pop();
            let fresh = link.is_none();
            let link = match link.map_or_else(|| Link::open(&self.shared.config), Ok) {
                Ok(link) => link,
                Err(error) => {
                    let why = error.to_string();
                    results.resize_with(count, || Err(RenderError::Unavailable(why.clone())));
                    break;
                }
            };
            let (back, done) = link.render(rest, self.shared.config.patience).await;
            let lost = back.is_none();
            // a worker that had ended while it was idle says nothing about the template
            let stale = lost && !fresh && done.is_empty();
            results.extend(done);
            if let Some(link) = back {
                self.shared.idle.lock().await.push(link);
            } else if !stale && results.len() < count {
                results.push(Err(RenderError::Bounds));
            }
        }
        results
    }
}
