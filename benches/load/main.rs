//! The load generator: the real server and a bare broadcast server under the same load, in one run.
//!
//! `benches/README.md` says how to run it, what each figure means, and what the comparison leaves out.
//! The server under test and the bare server are child processes; the clients run in this process, on one thread.

mod bare;
mod board;
mod duel;
mod fleet;
mod host;
mod http;
mod link;
mod options;
mod process;
mod report;
mod scenario;
mod tertulia;
mod wire;

use anyhow::{Context, Result};
use options::{Invocation, Options};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match options::parse(&arguments)? {
        Invocation::Bare(shape) => bare::serve(shape),
        Invocation::Help(text) => {
            println!("{text}");
            Ok(())
        }
        Invocation::Load(options) => {
            process::raise_file_limit()?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let outcome = LocalSet::new().block_on(&runtime, run_until_signalled(&options));
            // Whatever the sockets still hold goes with the runtime; nothing is worth waiting for.
            runtime.shutdown_background();
            outcome
        }
    }
}

/// Runs the scenarios, and stops at once on Ctrl-C or SIGTERM: dropping the run kills the servers it started.
async fn run_until_signalled(options: &Options) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        done = run(options) => done,
        _ = interrupt.recv() => anyhow::bail!("interrupted"),
        _ = terminate.recv() => anyhow::bail!("terminated"),
    }
}

async fn run(options: &Options) -> Result<()> {
    println!("{}", report::conditions(options)?);
    let mut failed = Vec::new();
    for scenario in &options.scenarios {
        eprintln!("running {} ...", scenario.name());
        let bounded = tokio::time::timeout(options.longest(), scenario.run(options));
        match bounded.await.context("took too long").and_then(|outcome| outcome) {
            Ok(tables) => tables.iter().for_each(|table| println!("{table}")),
            Err(error) => {
                eprintln!("{} failed: {error:#}", scenario.name());
                failed.push(scenario.name());
            }
        }
    }
    anyhow::ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}
