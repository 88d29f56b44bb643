//! Figures as Markdown tables.

use crate::options::Options;
use crate::process::file_limits;
use anyhow::Result;
use std::fmt::{self, Display, Formatter};
use std::io::Write;
use std::time::Instant;

/// A table with a title and notes.
pub struct Table {
    title: String,
    rows: Vec<Vec<String>>,
    notes: Vec<String>,
}

impl Table {
    /// A table with these column heads.
    pub fn new(title: impl Into<String>, heads: &[&str]) -> Self {
        Self { title: title.into(), rows: vec![heads.iter().map(ToString::to_string).collect()], notes: Vec::new() }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.to_vec());
    }

    /// Adds a line under the table.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell: &String| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        writeln!(f, "\n### {}\n", self.title)?;
        for (number, row) in self.rows.iter().enumerate() {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            writeln!(f, "| {} |", cells.join(" | "))?;
            if number == 0 {
                let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
                writeln!(f, "| {} |", rule.join(" | "))?;
            }
        }
        if !self.notes.is_empty() {
            writeln!(f)?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "{note}"))
    }
}

/// A figure with about three digits that mean something.
pub fn figure(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => grouped(value.round() as i64),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn grouped(value: i64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && digit != '-' && (digits.len() - place).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Whether a goal was met, in words.
pub fn verdict(value: f64, goal: f64, at_least: bool) -> String {
    let sign = if at_least { ">=" } else { "<=" };
    let met = if at_least { value >= goal } else { value <= goal };
    format!("{sign} {goal}: {}", if met { "met" } else { "missed" })
}

/// The 50th and 99th percentile, in milliseconds.
pub fn percentiles(micros: &[u32]) -> String {
    let mut sorted = micros.to_vec();
    sorted.sort_unstable();
    let at = |share: f64| sorted.get(((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1)));
    match (at(0.5), at(0.99)) {
        (Some(half), Some(most)) => {
            format!("{} / {}", figure(f64::from(*half) / 1000.0), figure(f64::from(*most) / 1000.0))
        }
        _ => "-".to_owned(),
    }
}

/// What the run depends on: machine, disk, sizes.
pub fn conditions(options: &Options) -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let load = std::fs::read_to_string("/proc/loadavg")?;
    let processor = std::fs::read_to_string("/proc/cpuinfo")?;
    let model = processor
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .unwrap_or("")
        .trim_start_matches([':', '\t', ' ']);
    Ok(format!(
        "{cores} cores ({model}), Linux {}, load {}, {} open files; {:.0} us for 4 kB to be written and synced in {}; \
         {} rounds of {:?} for each server, sizes x {}{}",
        kernel.trim(),
        load.split(' ').next().unwrap_or(""),
        file_limits()?.0,
        sync_micros(options)?,
        options.data.display(),
        options.rounds,
        options.round,
        options.scale,
        if options.self_check { "; SELF-CHECK: the server is a second bare one" } else { "" },
    ))
}

/// The median time of a synced write where the server keeps its data: a few microseconds mean that it is no disk.
fn sync_micros(options: &Options) -> Result<f64> {
    let mut file = tempfile::tempfile_in(&options.data)?;
    let mut times = Vec::new();
    for _ in 0..100 {
        let start = Instant::now();
        file.write_all(&[0x55; 4096])?;
        file.sync_data()?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2].as_secs_f64() * 1e6)
}
