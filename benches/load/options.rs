//! The command line of the load generator.

use crate::bare::Shape;
use crate::scenario::Scenario;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::time::Duration;

const USAGE: &str = "\
cargo bench --bench load -- [scenario ...] [options]

Scenarios (all of them when none is named):
  fanout-burst   one thread, 500 sockets, 10 senders with 8 messages outstanding each
  fanout-single  one thread, 500 sockets, the next message when everybody has the last one
  pairs          500 threads of two, one sender each, with 1 and with 4 messages outstanding
  idle           memory for each of 2,000 idle connections
  history        pages of 50 messages out of a thread of 20,000
  storm          1,000 clients reconnect and resume, each after 20 missed messages
  flat           what a message costs by members of the thread and by its length

Options:
  --seconds N     length of one measured round (4)
  --rounds N      rounds for each server, taken in turns (4)
  --scale F       multiply sizes and counts by F, to try things out (1.0)
  --server PATH   server binary (the one built with this bench)
  --data DIR      where the server's temporary data directory is made (the system's; must be a real disk)
  --env K=V       one more environment variable for the server; may be repeated
  --self-check    put a second bare server in the server's place: every ratio must be near 1";

/// What this process was asked to be.
pub enum Invocation {
    /// The bare broadcast server.
    Bare(Shape),
    /// The load generator.
    Load(Box<Options>),
    /// A text to print.
    Help(&'static str),
}

/// What to run, how long and against what.
pub struct Options {
    /// Scenarios in the order in which they run.
    pub scenarios: Vec<Scenario>,
    /// Length of a measured round.
    pub round: Duration,
    /// Measured rounds for each server.
    pub rounds: usize,
    /// Factor on all sizes.
    pub scale: f64,
    /// The server binary.
    pub server: Option<PathBuf>,
    /// Parent of the server's data directory.
    pub data: PathBuf,
    /// More environment for the server.
    pub env: Vec<(String, String)>,
    /// Whether a bare server stands in for the server.
    pub self_check: bool,
}

impl Options {
    fn new() -> Self {
        Self {
            scenarios: Vec::new(),
            round: Duration::from_secs(4),
            rounds: 4,
            scale: 1.0,
            server: option_env!("CARGO_BIN_EXE_tertulia").map(PathBuf::from),
            data: std::env::temp_dir(),
            env: Vec::new(),
            self_check: false,
        }
    }

    /// A size, scaled, and never less than `least`.
    pub fn scaled(&self, size: usize, least: usize) -> usize {
        ((size as f64 * self.scale).round() as usize).max(least)
    }

    /// After this long a scenario is given up.
    pub fn longest(&self) -> Duration {
        Duration::from_secs(300) + self.round * (self.rounds as u32) * 12
    }
}

/// Reads the arguments. Without any, and not called by `cargo bench`, nothing is run: `cargo test --all-targets`
/// starts benches too, and a test run is no place for a load.
pub fn parse(arguments: &[String]) -> Result<Invocation> {
    if arguments.first().is_some_and(|first| first == "bare") {
        return Ok(Invocation::Bare(Shape::parse(&arguments[1..])?));
    }
    if arguments.is_empty() || arguments.iter().any(|word| word == "--help" || word == "-h") {
        return Ok(Invocation::Help(USAGE));
    }
    let mut options = Options::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            // Cargo adds it to every bench.
            "--bench" => {}
            "--seconds" => options.round = Duration::from_secs_f64(number(word, value()?)?),
            "--rounds" => options.rounds = number::<usize>(word, value()?)?.max(1),
            "--scale" => options.scale = number(word, value()?)?,
            "--server" => options.server = Some(std::path::absolute(value()?)?),
            "--data" => options.data = std::path::absolute(value()?)?,
            "--env" => options.env.push(pair(value()?)?),
            "--self-check" => options.self_check = true,
            name => options.scenarios.push(scenario(name)?),
        }
    }
    if options.scenarios.is_empty() {
        options.scenarios = Scenario::ALL.to_vec();
    }
    Ok(Invocation::Load(Box::new(options)))
}

/// Parses the value of an option.
pub fn number<T: std::str::FromStr>(option: &str, value: &str) -> Result<T> {
    value.parse().ok().with_context(|| format!("{option} does not take {value:?}"))
}

fn pair(value: &str) -> Result<(String, String)> {
    let (name, value) = value.split_once('=').context("--env takes NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn scenario(name: &str) -> Result<Scenario> {
    match Scenario::ALL.iter().find(|scenario| scenario.name() == name) {
        Some(scenario) => Ok(*scenario),
        None => bail!("there is no scenario or option {name:?}; --help lists them"),
    }
}
