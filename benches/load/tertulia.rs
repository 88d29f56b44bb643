//! The server under test: the real binary on a data directory of its own, filled through its public doors.

use crate::http::{self, Request};
use crate::link::Seat;
use crate::options::Options;
use crate::process::{Process, tail};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// Visitors are made by the thousand here, which the default limit is there to prevent.
const ENVIRONMENT: [(&str, &str); 2] =
    [("TERTULIA_LISTEN", "127.0.0.1:0"), ("TERTULIA_LIMITS_VISITORS_PER_MINUTE", "1000000")];

/// A running server.
pub struct Tertulia {
    /// Its process; stands before the directory so that it ends first.
    pub process: Process,
    binary: PathBuf,
    extra: Vec<(String, String)>,
    directory: TempDir,
    admin: Account,
}

/// An account and its credentials.
#[derive(Clone)]
struct Account {
    id: u64,
    authorization: String,
}

impl Tertulia {
    /// Starts the server on an empty data directory and makes a superuser.
    pub fn start(options: &Options) -> Result<Self> {
        let binary = options.server.clone().context("name the server binary with --server")?;
        let directory = TempDir::with_prefix_in("tertulia-load-", &options.data)?;
        let process = serve(&binary, &directory, &options.env)?;
        let admin = create_admin(command(&binary, &directory, &options.env))?;
        Ok(Self { process, binary, extra: options.env.clone(), directory, admin })
    }

    /// Kills the server and starts it again on the same data, so that nothing of the set-up is left in its memory.
    pub fn restart(self) -> Result<Self> {
        let Self { process, binary, extra, directory, admin } = self;
        drop(process);
        let process = serve(&binary, &directory, &extra)?;
        Ok(Self { process, binary, extra, directory, admin })
    }

    /// Makes threads with so many members each, all of them visitors; the superuser who makes them leaves again.
    pub async fn rooms(&self, count: usize, size: usize) -> Result<Vec<Vec<Seat>>> {
        let accounts = self.visitors(count * size).await?;
        let path = format!("/api/accounts/{}/threads/chat", self.admin.id);
        let made = self
            .ask((0..count).map(|n| ("POST", path.clone(), Some(json!({"title": format!("Room {n}")})))).collect())
            .await?;
        let threads: Vec<u64> = made.iter().map(id_of).collect::<Result<_>>()?;
        let rooms: Vec<(u64, &[Account])> = threads.iter().copied().zip(accounts.chunks(size)).collect();
        let joins = rooms.iter().flat_map(|(thread, members)| members.iter().map(|member| joining(*thread, member)));
        self.ask(joins.collect()).await?;
        self.ask(threads.iter().map(|thread| ("DELETE", format!("/api/threads/{thread}"), None)).collect()).await?;
        Ok(rooms
            .iter()
            .map(|(thread, members)| members.iter().map(|member| self.seat(member, *thread)).collect())
            .collect())
    }

    /// Accounts that are in no thread.
    pub async fn strangers(&self, count: usize) -> Result<Vec<Seat>> {
        Ok(self.visitors(count).await?.iter().map(|account| self.seat(account, 0)).collect())
    }

    /// The last lines that the server logged.
    pub fn last_words(&self) -> String {
        tail(&self.directory.path().join("server.log"))
    }

    fn seat(&self, account: &Account, thread: u64) -> Seat {
        Seat {
            address: self.process.address,
            path: "/ws".to_owned(),
            authorization: account.authorization.clone(),
            thread,
        }
    }

    async fn visitors(&self, count: usize) -> Result<Vec<Account>> {
        let requests = (0..count)
            .map(|n| ("POST", "/api/visitors".to_owned(), Some(json!({"first_name": format!("Visitor {n}")}))));
        let made = self.send(requests.collect(), "").await?;
        made.iter().map(visitor).collect()
    }

    async fn ask(&self, requests: Vec<(&'static str, String, Option<Value>)>) -> Result<Vec<Value>> {
        self.send(requests, &self.admin.authorization).await
    }

    async fn send(
        &self,
        requests: Vec<(&'static str, String, Option<Value>)>,
        authorization: &str,
    ) -> Result<Vec<Value>> {
        let requests = requests
            .into_iter()
            .map(|(method, path, body)| Request { method, path, body, authorization: authorization.to_owned() })
            .collect();
        http::ask_all(self.process.address, requests).await
    }
}

/// An ordinary member: reads and writes, is told of messages live and has them counted as unread.
fn joining(thread: u64, member: &Account) -> (&'static str, String, Option<Value>) {
    let path = format!("/api/admin/threads/{thread}/members/{}", member.id);
    ("PUT", path, Some(json!({"permissions": 19, "notifications": 3})))
}

fn id_of(object: &Value) -> Result<u64> {
    object["id"].as_u64().with_context(|| format!("no id in {object}"))
}

fn visitor(made: &Value) -> Result<Account> {
    let token = made["token"].as_str().with_context(|| format!("no token in {made}"))?;
    Ok(Account { id: id_of(&made["account"])?, authorization: format!("Visitor {token}") })
}

/// The binary with an environment that holds nothing of the caller's, so that no other database is ever touched.
fn command(binary: &PathBuf, directory: &TempDir, extra: &[(String, String)]) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("TERTULIA_") || text.ends_with("_URL") {
            command.env_remove(&name);
        }
    }
    command.current_dir(directory).env("TERTULIA_DATA_DIR", directory.path().join("data")).envs(ENVIRONMENT);
    command.envs(extra.iter().map(|(name, value)| (name, value)));
    command
}

fn serve(binary: &PathBuf, directory: &TempDir, extra: &[(String, String)]) -> Result<Process> {
    let mut command = command(binary, directory, extra);
    command.args(["serve", "--no-demo"]);
    Process::start(command, &directory.path().join("server.log"))
}

fn create_admin(mut command: Command) -> Result<Account> {
    let output =
        command.args(["user", "create", "--email", "load@example.org", "--role", "superuser", "--token"]).output()?;
    ensure!(output.status.success(), "user create failed: {}", String::from_utf8_lossy(&output.stderr));
    let made: Value = serde_json::from_slice(&output.stdout).context("user create printed no JSON object")?;
    let token = made["token"].as_str().context("user create printed no token")?;
    Ok(Account { id: id_of(&made)?, authorization: format!("Token {token}") })
}
