//! Either of the two servers, seen from the scenarios.

use crate::bare::Shape;
use crate::link::Seat;
use crate::options::Options;
use crate::process::Process;
use crate::tertulia::Tertulia;
use anyhow::Result;
use std::cell::Cell;
use tempfile::TempDir;

/// What stands in for the real server's sizes when there is no real server.
const STAND_IN: Shape = Shape { message: 1300, ack: 700, page: 30_000 };

/// A running server.
pub enum Host {
    /// The server under test.
    Tertulia(Tertulia),
    /// The bare one.
    Bare(Bare),
}

/// A bare server.
pub struct Bare {
    process: Process,
    next_room: Cell<u64>,
    _directory: TempDir,
}

impl Host {
    /// The server under test, fresh and empty.
    pub fn subject(options: &Options) -> Result<Self> {
        if options.self_check { Self::bare(STAND_IN) } else { Ok(Self::Tertulia(Tertulia::start(options)?)) }
    }

    /// A bare server that sends frames of these sizes.
    pub fn bare(shape: Shape) -> Result<Self> {
        let directory = TempDir::with_prefix("bare-load-")?;
        let process = Process::start(shape.command()?, &directory.path().join("server.log"))?;
        Ok(Self::Bare(Bare { process, next_room: Cell::new(0), _directory: directory }))
    }

    /// Its process.
    pub fn process(&self) -> &Process {
        match self {
            Self::Tertulia(tertulia) => &tertulia.process,
            Self::Bare(bare) => &bare.process,
        }
    }

    /// New rooms with so many seats each.
    pub async fn rooms(&self, count: usize, size: usize) -> Result<Vec<Vec<Seat>>> {
        match self {
            Self::Tertulia(tertulia) => tertulia.rooms(count, size).await,
            Self::Bare(bare) => Ok((0..count).map(|_| bare.room(size)).collect()),
        }
    }

    /// Seats in no thread at all.
    pub async fn strangers(&self, count: usize) -> Result<Vec<Seat>> {
        match self {
            Self::Tertulia(tertulia) => tertulia.strangers(count).await,
            Self::Bare(bare) => Ok((0..count).flat_map(|_| bare.room(1)).collect()),
        }
    }

    /// The same server with nothing of the set-up left in its memory; it listens elsewhere now.
    pub fn restarted(self) -> Result<Self> {
        match self {
            Self::Tertulia(tertulia) => Ok(Self::Tertulia(tertulia.restart()?)),
            bare => Ok(bare),
        }
    }

    /// The path of a page of history, and who may ask for it.
    pub fn page_path(&self, seat: &Seat, query: &str) -> String {
        match self {
            Self::Tertulia(_) => format!("/api/threads/{}/messages?{query}", seat.thread),
            Self::Bare(_) => "/page".to_owned(),
        }
    }

    /// An error with the server's last words added.
    pub fn explain(&self, error: anyhow::Error) -> anyhow::Error {
        match self {
            Self::Tertulia(tertulia) => {
                error.context(format!("the server's log ends with:\n{}\n", tertulia.last_words()))
            }
            Self::Bare(_) => error,
        }
    }
}

impl Bare {
    fn room(&self, size: usize) -> Vec<Seat> {
        let thread = self.next_room.get() + 1;
        self.next_room.set(thread);
        let seat = Seat {
            address: self.process.address,
            path: format!("/ws?room={thread}"),
            authorization: "None".to_owned(),
            thread,
        };
        vec![seat; size]
    }
}
