//! A house: the real server binary on a port of its own with a data directory of its own.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::{Chance, Key, PATIENCE, Person, Value, json, server_log::ServerLog};

/// The server under test. Killed when dropped, and then its log is looked through.
pub struct House {
    port: u16,
    dir: TempDir,
    environment: Vec<(String, String)>,
    log: ServerLog,
    server: Option<Child>,
    host: OnceCell<Person>,
    forgiven: Vec<&'static str>,
}

impl House {
    /// A house with nobody in it, serving.
    pub async fn new() -> House {
        House::with(&[]).await
    }

    /// The same with settings of its own, given as environment variables.
    pub async fn with(environment: &[(&str, &str)]) -> House {
        let mut house = House::unopened(environment);
        house.opens().await;
        house
    }

    /// A house whose server was not started yet: its command line works.
    pub fn unopened(environment: &[(&str, &str)]) -> House {
        let dir = tempfile::Builder::new().prefix("tertulia-").tempdir().expect("a temporary directory");
        let environment = environment.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let log = ServerLog::in_dir(dir.path());
        House { port: free_port(), dir, environment, log, server: None, host: OnceCell::new(), forgiven: Vec::new() }
    }

    /// Starts the server and waits until it accepts connections.
    pub async fn opens(&mut self) {
        self.opens_with(&["serve", "--no-demo"]).await;
    }

    /// The same with other arguments.
    pub async fn opens_with(&mut self, arguments: &[&str]) {
        assert!(self.server.is_none(), "the server runs already");
        let deadline = Instant::now() + 2 * PATIENCE;
        let mut server = self.command(arguments).stdout(Stdio::piped()).spawn().expect("the server starts");
        let lines = BufReader::new(server.stdout.take().expect("its standard output")).lines();
        let (mut log, (tell, told)) = (self.log.writer(), tokio::sync::oneshot::channel());
        std::thread::spawn(move || {
            let mut tell = Some(tell);
            for line in lines.map_while(Result::ok) {
                let _ = writeln!(log, "{line}");
                if line.contains("listening on http://") {
                    tell.take().map(|tell| tell.send(()));
                }
            }
        });
        self.server = Some(server);
        let wait = deadline.saturating_duration_since(Instant::now());
        let listening = tokio::time::timeout(wait, told).await.is_ok_and(|told| told.is_ok());
        assert!(listening, "the server does not listen; it said:\n{}", self.log.tail());
    }

    /// `kill -9`: no goodbye, nothing saved that was not saved.
    pub fn crash(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().expect("the server can be killed");
            server.wait().expect("the server ends");
        }
    }

    /// Crash and come back: same port, same data.
    pub async fn restart(&mut self) {
        self.crash();
        self.opens().await;
    }

    /// Asks the server to end (SIGTERM); see [`House::ends`].
    pub fn is_asked_to_close(&self) {
        let pid = self.pid().to_string();
        let kill = Command::new("sh").args(["-c", &format!("kill -TERM {pid}")]).status();
        assert!(kill.expect("sh runs").success());
    }

    /// Waits until the server has ended by itself, and says how long that took.
    pub async fn ends(&mut self) -> (ExitStatus, Duration) {
        let begin = Instant::now();
        let mut server = self.server.take().expect("the server runs");
        loop {
            if let Some(status) = server.try_wait().expect("its status") {
                return (status, begin.elapsed());
            }
            assert!(begin.elapsed() < 2 * PATIENCE, "the server does not end:\n{}", self.log.tail());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The server's process id.
    pub fn pid(&self) -> u32 {
        self.server.as_ref().expect("the server runs").id()
    }

    /// Resident memory of the server, in bytes.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("its /proc");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number") * 1024
    }

    /// `http://127.0.0.1:PORT`
    pub fn origin(&self) -> String {
        format!("http://{}", self.address())
    }

    /// `127.0.0.1:PORT`
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The directory in which the test may keep files; the server's data is in `data` below it.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn data_dir(&self) -> PathBuf {
        self.dir().join("data")
    }

    /// From the next start on, the environment has this too.
    pub fn sets(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// What the server has written so far.
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// The server may complain in these words: a test gives it reason to.
    pub fn forgives(&mut self, words: &[&'static str]) {
        self.forgiven.extend(words);
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tertulia"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TERTULIA_") || name.ends_with("_URL")) {
            command.env_remove(name);
        }
        command
            .args(arguments)
            .current_dir(self.dir())
            .env("RUST_BACKTRACE", "1")
            .env("TERTULIA_LISTEN", self.address())
            .env("TERTULIA_PUBLIC_URL", self.origin())
            .env("TERTULIA_DATA_DIR", self.data_dir())
            // One machine plays everybody here; the tests of the limits set their own.
            .env("TERTULIA_LIMITS_VISITORS_PER_MINUTE", "100000")
            .env("TERTULIA_LIMITS_LOGINS_PER_MINUTE", "100000")
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stderr(self.log.writer());
        command
    }

    /// Runs a command of the same binary to its end, as an operator in a shell would.
    pub fn runs(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.expect("the command starts");
        child.stdin.take().expect("its input").write_all(input.as_bytes()).expect("input is taken");
        child.wait_with_output().expect("the command ends")
    }

    /// Runs a command that must succeed, and reads the JSON object that it prints.
    pub fn told(&self, arguments: &[&str], input: &str) -> Value {
        let output = self.runs(arguments, input);
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "tertulia {arguments:?} failed: {words}");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
            panic!("tertulia {arguments:?} printed no JSON: {}", String::from_utf8_lossy(&output.stdout))
        })
    }

    /// Runs a command that lists things.
    pub fn lists(&self, arguments: &[&str]) -> Vec<Value> {
        let told = self.told(arguments, "");
        told.as_array().unwrap_or_else(|| panic!("{arguments:?} printed no list: {told}")).clone()
    }

    /// Makes an account on the command line and gives it to somebody to act with.
    pub fn account(&self, first_name: &str, last_name: &str, role: &str) -> Person {
        let email = format!("{}@chat.example", first_name.to_lowercase());
        let names = ["--email", &email, "--first-name", first_name, "--last-name", last_name];
        let made = self.told(&[&["user", "create"], &names[..], &["--role", role, "--token"]].concat(), "");
        let id = made["id"].as_i64().expect("the new account's id");
        let token = made["token"].as_str().expect("the new account's token");
        Person::new(&first_name.to_lowercase(), id, Key::Header(format!("Token {token}")), &self.origin())
    }

    /// An ordinary person called `name`.
    pub fn person(&self, name: &str) -> Person {
        self.account(&capitalised(name), "Test", "member")
    }

    /// Several ordinary people.
    pub fn people<const N: usize>(&self, names: [&str; N]) -> [Person; N] {
        names.map(|name| self.person(name))
    }

    /// Somebody who works here.
    pub fn operator(&self, name: &str) -> Person {
        self.account(&capitalised(name), "Test", "operator")
    }

    /// Somebody without any credentials.
    pub fn stranger(&self) -> Person {
        Person::new("nobody", 0, Key::Nothing, &self.origin())
    }

    /// The superuser who acts as the host behind the API.
    pub async fn host(&self) -> &Person {
        self.host.get_or_init(|| async { self.account("Host", "Behind", "superuser") }).await
    }

    /// Gives `person` a seat in `thread`, or changes it, as a host would behind the API.
    pub async fn seats(&self, thread: i64, person: &Person, fields: Value) -> Value {
        let path = format!("/api/admin/threads/{thread}/members/{}", person.id);
        let answer = self.host().await.put(&path, fields).await;
        assert!(matches!(answer.status, 200 | 201), "{answer}");
        answer.body
    }

    /// A thread started by the first of them in which the others are ordinary members who hear everything.
    pub async fn thread(&self, members: &[&Person]) -> i64 {
        let (first, others) = members.split_first().expect("somebody starts it");
        let thread = first.starts("A thread").await;
        for person in others {
            self.seats(thread, person, json!({"permissions": 19, "notifications": 3})).await;
        }
        thread
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.crash();
        if std::thread::panicking() {
            eprintln!("--- the server's last words ---\n{}", self.log.tail());
            return;
        }
        let mut complaints = self.log.complaints();
        complaints.retain(|line| !self.forgiven.iter().any(|words| line.contains(words)));
        assert!(complaints.is_empty(), "the server complained, unasked:\n{}", complaints.join("\n"));
    }
}

fn capitalised(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_uppercase() + rest
}

/// A port that nothing listens on, below those that the kernel hands out, so that it is still free after a crash.
fn free_port() -> u16 {
    let mut chance = Chance::unseeded();
    let ports = std::iter::repeat_with(|| 10_000 + chance.below(20_000) as u16);
    ports.take(1000).find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
}
