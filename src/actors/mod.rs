//! Who is present, and in which order things happen. The shell around [`domain`](crate::domain): actors gather facts,
//! ask the domain, and carry out what it says.
//!
//! # The road
//!
//! ```text
//! door ──Act──▶ UserThread (decides) ──Commit──▶ Thread (orders) ──▶ writer ══commit══▶ Thread ──Told──▶ every UserThread ──▶ outboxes
//! ```
//!
//! - A door (socket or REST) asks the [`Registry`] for the thread, the thread for the caller's seat, and sends the seat
//!   a command. A session keeps the seat's address, so nothing is looked up per message.
//! - The [`UserThread`](user_thread::UserThread) asks [`decide`](crate::domain::decide::decide) and hands the decision on.
//! - The [`Thread`](thread::Thread) queues it at the writer; its queue is the order of the thread.
//! - The writer answers a whole batch at once. The thread moves its state on, writes the shared part of each frame once,
//!   and tells every present seat the batch behind one `Arc`.
//! - A seat splices its own part in and pushes finished frames into its sessions' [`Outbox`]es.
//!
//! # Lives
//!
//! | actor | one per | lives while | mailbox | when it is full |
//! | --- | --- | --- | --- | --- |
//! | `Thread` | thread in which something happens | something happened in it within `chat.idle` | 1,024 | the command is refused with `busy`; the writer's answers are bounded by the commits under way |
//! | `UserThread` | member (or watcher) present or acting | its thread is awake, and the member is connected or has something under way | 256 | commands: `busy`; news: the member's connections are closed and resume |
//! | session (see [`socket`](crate::socket)) | connection | the connection lives | an [`Outbox`] bounded in bytes and frames | the connection is closed and resumes |
//!
//! Two tasks stand beside them, one per node: [`presence_news`] tells who comes and goes, and [`jobs`] carries out what
//! must leave the house: it takes from the store what is due, so it has no queue that could be full.
//!
//! A thread and its seats live on one arbiter, chosen by the thread's id. Absent members have no actor, and cost nothing.
//!
//! # Invariants
//!
//! An actor that dies loses nothing acknowledged: it holds only what can be read again. Nobody waits for anybody inside
//! a handler; what must be fetched is fetched with the mailbox held, so the order of things stays. Actors reach the
//! doors only through outboxes.

mod clock;
pub mod conversations;
mod deciding;
pub mod doors;
mod doorway;
mod frames;
mod hearing;
mod house;
mod intake;
pub mod jobs;
pub mod listening;
mod outbox;
pub mod presence;
pub mod presence_news;
mod registry;
pub mod respond;
pub mod restarts;
pub mod thread;
mod thread_fanout;
mod thread_host;
mod thread_state;
mod thread_watching;
mod told;
pub mod user_thread;

pub use clock::Clock;
pub use doorway::{
    act, announce_thread, begin_script, carry_out, open_seat, put_member, read, read_message, unwatch, watch, writing,
};
pub use frames::{named_frame, text_frame};
pub use house::House;
pub use intake::{NotTaken, discard, post, prepare, store_content};
pub use listening::{Heard, Listener, Listening};
pub use outbox::{Outbox, Outgoing};
pub use registry::Registry;
pub use respond::{Done, Respond};
