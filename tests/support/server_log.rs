//! What the server wrote to standard error, and whether it wrote anything that it should not have.

use std::{
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
};

/// The file that catches the server's words, over all its lives in one test.
pub struct ServerLog {
    path: PathBuf,
}

impl ServerLog {
    pub fn in_dir(dir: &Path) -> ServerLog {
        ServerLog { path: dir.join("server.log") }
    }

    /// A handle to append to.
    pub fn writer(&self) -> File {
        OpenOptions::new().create(true).append(true).open(&self.path).expect("the log file can be opened")
    }

    /// Everything written so far.
    pub fn text(&self) -> String {
        std::fs::read(&self.path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// The lines that must not be there: panics and errors.
    pub fn complaints(&self) -> Vec<String> {
        let bad = |line: &&str| line.contains("panicked at") || is_error(line);
        self.text().lines().filter(bad).map(str::to_owned).collect()
    }

    /// The last lines, for a test that failed for another reason.
    pub fn tail(&self) -> String {
        let text = self.text();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

/// Both of the log's forms, plain and JSON, colours or not.
fn is_error(line: &str) -> bool {
    line.contains(" ERROR ") || line.contains("\"level\":\"ERROR\"") || line.contains("ERROR\u{1b}[0m")
}
