//! What the server counts, as Prometheus reads it at `/metrics`. The lowest room: knows nothing of the house.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// All counters; cloning is a counter too, and clones count together.
#[derive(Clone)]
pub struct Metrics(Arc<Counters>);

/// The counters.
pub struct Counters {
    registry: Registry,
    /// Open WebSocket connections.
    pub connections: Gauge,
    /// Thread actors in memory.
    pub threads: Gauge,
    /// Seat actors in memory.
    pub seats: Gauge,
    /// Requests waiting for the writer.
    pub writer_queue: Gauge,
    /// Messages waiting in the fullest outbox seen since the last reading.
    pub outbox_peak: Gauge,
    /// Frames handed to connections.
    pub deliveries: Counter,
    /// Messages committed.
    pub messages: Counter,
    /// Frames received from clients.
    pub frames_received: Counter,
    /// Connections closed because their peer did not keep up.
    pub slow_readers: Counter,
    /// Threads resumed.
    pub resumes: Counter,
    /// Threads that had to be fetched anew.
    pub resyncs: Counter,
    /// Mailboxes that were full when something was to be told.
    pub mailbox_full: Counter,
    /// What leaves the house.
    pub jobs: JobCounters,
    batch_size: Histogram,
    commit_seconds: Histogram,
}

/// Jobs: what leaves the house.
#[derive(Default)]
pub struct JobCounters {
    /// Being carried out.
    pub running: Gauge,
    /// Carried out.
    pub done: Counter,
    /// Tries that failed.
    pub failed: Counter,
    /// Given up, for an operator to look at.
    pub parked: Counter,
    /// Notifications that were sent: mails, push messages, webhooks.
    pub notifications: Counter,
}

impl JobCounters {
    fn registered(registry: &mut Registry) -> Self {
        let counters = Self::default();
        registry.register("jobs_running", "Jobs being carried out", counters.running.clone());
        registry.register("jobs_done", "Jobs carried out", counters.done.clone());
        registry.register("jobs_failed", "Tries of jobs that failed", counters.failed.clone());
        registry.register("jobs_parked", "Jobs given up", counters.parked.clone());
        registry.register(
            "notifications_sent",
            "Mails, push messages and webhooks sent",
            counters.notifications.clone(),
        );
        counters
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Fresh counters, all registered.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("tertulia");
        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let connections = gauge("connections", "Open WebSocket connections");
        let threads = gauge("actors_threads", "Thread actors in memory");
        let seats = gauge("actors_seats", "Seat actors in memory");
        let writer_queue = gauge("mailbox_writer", "Requests waiting for the writer");
        let outbox_peak = gauge("mailbox_outbox_peak", "Frames in the fullest outbox since the last reading");
        let mut counter = |name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let deliveries = counter("deliveries", "Frames handed to connections");
        let messages = counter("messages", "Messages committed");
        let frames_received = counter("frames_received", "Frames received from clients");
        let slow_readers = counter("slow_readers", "Connections closed because their peer did not keep up");
        let resumes = counter("resumes", "Threads resumed");
        let resyncs = counter("resyncs", "Threads that had to be fetched anew");
        let mailbox_full = counter("mailbox_full", "Mailboxes found full");
        let batch_size = Histogram::new(exponential_buckets(1.0, 2.0, 9));
        let commit_seconds = Histogram::new(exponential_buckets(0.000_1, 2.0, 16));
        registry.register("commit_batch_size", "Requests in one commit", batch_size.clone());
        registry.register("commit_seconds", "Time of one commit", commit_seconds.clone());
        let jobs = JobCounters::registered(&mut registry);
        Self(Arc::new(Counters {
            jobs,
            registry,
            connections,
            threads,
            seats,
            writer_queue,
            outbox_peak,
            deliveries,
            messages,
            frames_received,
            slow_readers,
            resumes,
            resyncs,
            mailbox_full,
            batch_size,
            commit_seconds,
        }))
    }

    /// Notes one commit.
    pub fn observe_batch(&self, requests: usize, took: Duration) {
        // a batch has at most a few hundred requests, which a float holds exactly
        self.batch_size.observe(requests as f64);
        self.commit_seconds.observe(took.as_secs_f64());
    }

    /// Everything in Prometheus' text form.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // writing into a String cannot fail
        let _ = encode(&mut text, &self.registry);
        self.outbox_peak.set(0);
        text
    }
}

impl Deref for Metrics {
    type Target = Counters;

    fn deref(&self) -> &Counters {
        &self.0
    }
}
