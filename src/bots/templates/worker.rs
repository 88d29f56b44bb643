//! The worker's side: reads batches, renders, answers; ends with its input. Its bounds are set here, from inside.

use std::io::{self, BufRead, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use super::wire::{Answer, Batch, MAX_LINE};
use super::{CPU, MEMORY};
use crate::domain::bot::template::{RenderError, render};

/// How often the watch looks at the clock while something is rendered.
const GLANCE: Duration = Duration::from_millis(5);
/// The code of a worker that ended itself.
const ENDED: i32 = 3;
/// Bytes that a worker may have grown by before it makes room for a new one.
const MAX_GROWTH: u64 = 96 * 1024 * 1024;

/// Serves until the input ends.
///
/// # Errors
///
/// The pipes broke.
pub fn serve() -> io::Result<()> {
    let watch = Watch::start()?;
    let mut input = io::stdin().lock();
    let mut output = io::stdout().lock();
    let base = address_space().unwrap_or_default();
    loop {
        let mut line = Vec::new();
        let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX).saturating_add(1);
        (&mut input).take(limit).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(());
        }
        let batch: Batch = serde_json::from_slice(&line)?;
        drop(line);
        for piece in batch.jobs {
            let rendered = watch.over(|| render(&piece.source, &batch.context, piece.escape, piece.moment));
            let answer = rendered.map_or_else(Answer::Err, Answer::Ok);
            let mut bytes = serde_json::to_vec(&answer)?;
            bytes.push(b'\n');
            output.write_all(&bytes)?;
            output.flush()?;
        }
        drop(batch.context);
        if address_space().is_some_and(|now| now > base.saturating_add(MAX_GROWTH)) {
            return Ok(());
        }
    }
}

/// CPU time of this process, in nanoseconds.
fn spent() -> u64 {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(spent.tv_sec).unwrap_or_default();
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(spent.tv_nsec).unwrap_or_default())
}

/// Bytes of address space in use, where the kernel tells.
fn address_space() -> Option<u64> {
    let pages: u64 = std::fs::read_to_string("/proc/self/statm").ok()?.split(' ').next()?.parse().ok()?;
    pages.checked_mul(u64::try_from(rustix::param::page_size()).ok()?)
}

/// Ends the process when a rendering takes too long. Asleep while nothing is rendered.
struct Watch {
    /// CPU time at which it is over; 0: nothing is rendered.
    until: Arc<AtomicU64>,
    watcher: Thread,
}

impl Watch {
    fn start() -> io::Result<Self> {
        let until = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&until);
        let watcher = thread::Builder::new().name("watch".into()).stack_size(64 * 1024).spawn(move || {
            loop {
                match seen.load(Ordering::Acquire) {
                    0 => thread::park(),
                    until if spent() > until => std::process::exit(ENDED),
                    _ => thread::sleep(GLANCE),
                }
            }
        })?;
        Ok(Self { until, watcher: watcher.thread().clone() })
    }

    /// Renders within the bounds: out of time ends the process, out of memory aborts it.
    fn over(&self, rendering: impl FnOnce() -> Result<String, RenderError>) -> Result<String, RenderError> {
        let limit = u64::try_from(CPU.as_nanos()).unwrap_or(u64::MAX);
        self.until.store(spent().saturating_add(limit), Ordering::Release);
        self.watcher.unpark();
        let held = hold_memory();
        let rendered = rendering();
        self.until.store(0, Ordering::Release);
        if let Some(before) = held {
            // only the soft limit was lowered, so it can be raised again
            setrlimit(Resource::As, before).ok();
        }
        rendered
    }
}

/// Lowers what the kernel gives to what there is plus the bound; the limit before.
fn hold_memory() -> Option<Rlimit> {
    let before = getrlimit(Resource::As);
    let allowed = address_space()?.saturating_add(MEMORY);
    let lowered = Rlimit { current: Some(before.current.map_or(allowed, |current| current.min(allowed))), ..before };
    setrlimit(Resource::As, lowered).ok()?;
    Some(before)
}
