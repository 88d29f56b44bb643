//! Child processes: started, watched for what they use, and killed when dropped.

use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Ticks a second of the times in `/proc/<pid>/stat`; fixed in Linux' interface to programs.
const TICKS: f64 = 100.0;
const START_TIMEOUT: Duration = Duration::from_secs(60);
const RAISED: &str = "LOAD_FILE_LIMIT_RAISED";

/// A server process.
pub struct Process {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

/// Memory of a process, in kB.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// Proportional set size.
    pub pss: u64,
    /// Resident set size.
    pub rss: u64,
}

impl Process {
    /// Starts a server and waits until it prints `listening on http://...`; its standard error goes into `log`.
    pub fn start(mut command: Command, log: &Path) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        // The pipe to standard input closes when this process ends, however it ends: the bare server takes that as its end.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(log)?);
        let mut child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let output = child.stdout.take();
        let mut process = Self { child, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let Some(address) = output.and_then(address_printed) else {
            drop(process);
            bail!("{name} did not say where it listens; it said:\n{}", tail(log));
        };
        process.address = address;
        Ok(process)
    }

    /// CPU time used so far, user and system.
    pub fn cpu(&self) -> Result<Duration> {
        cpu_of(&self.child.id().to_string())
    }

    /// Memory in use.
    pub fn memory(&self) -> Result<Memory> {
        let rollup = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id()))?;
        let field = |name: &str| -> Option<u64> {
            rollup.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
        };
        Ok(Memory { pss: field("Pss:").context("no Pss")?, rss: field("Rss:").context("no Rss")? })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU time that this process has used so far.
pub fn own_cpu() -> Result<Duration> {
    cpu_of("self")
}

fn cpu_of(pid: &str) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("the server has ended")?;
    // The name in parentheses may hold anything; the fields are counted after it.
    let (_, fields) = stat.rsplit_once(')').context("unreadable /proc/<pid>/stat")?;
    let ticks: f64 = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    Ok(Duration::from_secs_f64(ticks / TICKS))
}

/// Waits for the line that tells the address, and goes on draining the pipe so that the server never blocks on it.
fn address_printed(output: ChildStdout) -> Option<SocketAddr> {
    let (found, address) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(std::io::Result::ok) {
            let told = line
                .split_once("listening on http://")
                .and_then(|(_, rest)| rest.trim().trim_end_matches('/').parse().ok());
            if let Some(told) = told {
                let _ = found.send(told);
            }
        }
    });
    address.recv_timeout(START_TIMEOUT).ok()
}

/// The last lines of a log, for an error message.
pub fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// Raises the soft limit of open files to the hard one by starting this program again under a shell's `ulimit`,
/// which needs no unsafe call; servers started later inherit it.
pub fn raise_file_limit() -> Result<()> {
    let (soft, hard) = file_limits()?;
    if soft >= hard || std::env::var_os(RAISED).is_some() {
        return Ok(());
    }
    let program: PathBuf = std::env::current_exe()?;
    let error = Command::new("sh")
        .args(["-c", r#"ulimit -n "$(ulimit -Hn)"; exec "$0" "$@""#])
        .arg(program)
        .args(std::env::args_os().skip(1))
        .env(RAISED, "1")
        .exec();
    Err(error).context("cannot start again with a higher limit of open files")
}

/// The soft and hard limit of open files.
pub fn file_limits() -> Result<(usize, usize)> {
    let limits = std::fs::read_to_string("/proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).context("no limit of open files")?;
    let mut numbers = line.split_whitespace().map(|word| word.parse().unwrap_or(usize::MAX));
    Ok((numbers.next().unwrap_or(1024), numbers.next().unwrap_or(1024)))
}
