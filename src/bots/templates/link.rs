//! One worker process, seen from the server.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::TemplatesConfig;
use super::wire::{Answer, BatchRef, MAX_LINE};
use crate::domain::bot::template::{Job, RenderError};

/// Bytes of an answer at most: the output limit, with room for escapes.
const MAX_ANSWER: u64 = 1024 * 1024;

/// A running worker. It is killed when this is dropped.
pub(super) struct Link {
    _child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Link {
    /// Starts a worker. It sees nothing of the server's environment.
    pub(super) fn open(config: &TemplatesConfig) -> io::Result<Self> {
        let mut child = Command::new(&config.program)
            .args(&config.arguments)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (Some(input), Some(output)) = (input, output) else { return Err(io::Error::other("no pipes")) };
        Ok(Self { _child: child, input, output: BufReader::new(output) })
    }

    /// Renders the jobs as far as the worker gets: itself, if it is good for more, and the results so far.
    pub(super) async fn render(
        mut self,
        jobs: &[Job],
        patience: Duration,
    ) -> (Option<Self>, Vec<Result<String, RenderError>>) {
        let mut done = Vec::with_capacity(jobs.len());
        while let Some(batch) = jobs.get(done.len()..).and_then(BatchRef::first) {
            let count = batch.len();
            let Ok(mut line) = serde_json::to_vec(&batch) else { return (None, done) };
            if line.len() > MAX_LINE {
                let why = "what the template sees is too large";
                done.extend(std::iter::repeat_n(Err(RenderError::Unavailable(why.into())), count));
                continue;
            }
            line.push(b'\n');
            if !matches!(timeout(patience, self.input.write_all(&line)).await, Ok(Ok(()))) {
                return (None, done);
            }
            for _ in 0..count {
                match timeout(patience, self.answer()).await {
                    Ok(Some(answer)) => done.push(answer),
                    _ => return (None, done),
                }
            }
        }
        (Some(self), done)
    }

    async fn answer(&mut self) -> Option<Result<String, RenderError>> {
        let mut line = Vec::new();
        (&mut self.output).take(MAX_ANSWER).read_until(b'\n', &mut line).await.ok()?;
        Some(match serde_json::from_slice(&line).ok()? {
            Answer::Ok(text) => Ok(text),
            Answer::Err(error) => Err(error),
        })
    }
}
