//! Tertulia: one server in which people, scripts, bots and messaging channels meet in the same threads, in real time.
//!
//! # The one idea
//!
//! **Everyone who talks is a member; every member has a seat; a seat hears through endpoints.** Everything that arrives,
//! from any door, becomes a command on a seat. Everything that happens leaves by the same event. There is one road, and
//! it runs one way:
//!
//! ```text
//! endpoint ──command──▶ seat (UserThread) ──decision──▶ thread ──▶ writer ══commit══▶ thread ──event──▶ every seat ──frame──▶ endpoints
//!                        pure rules            order        group commit                 fan-out
//! ```
//!
//! # The rooms
//!
//! A room may use the rooms below it, never those above; a test (`tests/tidy.rs`) watches over it.
//!
//! | room | in one line | may use |
//! | --- | --- | --- |
//! | [`web`] | HTTP doors: handlers, who comes in, pages, operations | all below |
//! | [`bots`] | built-in bots at work: their templates, in processes with bounds | `actors`, `store`, `outbound`, `domain`, `config` |
//! | [`socket`] | the multiplexed WebSocket door: frames and the session | `actors`, `domain`, `config` |
//! | [`channels`] | doors of other protocols: credentials, verifying, parsing, rendering | `actors`, `store`, `outbound`, `domain`, `config` |
//! | [`actors`] | who is present, in which order things happen, and what must leave the house | `store`, `outbound`, `domain`, `config` |
//! | [`outbound`] | calls to other servers: the guarded HTTP client, mail, web push | `domain`, `config` |
//! | [`store`] | the only room that knows SQL: tables, queries, the writer, files | `domain`, `config` |
//! | [`config`] | every setting, its default, its meaning | `domain` |
//! | [`domain`] | the rules, pure: what is true and what may happen | nothing of the house |
//! | [`metrics`] | what is counted; used by all but `domain` | nothing of the house |
//!
//! # A message, step by step
//!
//! 1. A text frame arrives; [`socket`] understands it as `send_message` and hands a
//!    [`Command`](domain::decide::Command) to the caller's seat, whose address it keeps.
//! 2. The seat ([`actors::user_thread`]) asks [`domain::decide`]: mode, rights, fields. A refusal goes straight back.
//! 3. The thread ([`actors::thread`]) queues the decision at the writer: the queue is the thread's order.
//! 4. The writer ([`store::writer`]) takes everything that is queued into one transaction, gives `seq` and `rev`, syncs,
//!    and answers the requests of each thread together.
//! 5. The thread moves its state on, writes the shared part of each frame once, and tells every present seat the batch.
//! 6. Each seat counts what is unread, splices its own part in and pushes finished frames into its sessions' outboxes;
//!    the sender's seat answers the sender: acknowledged means committed.
//! 7. Each session takes all that waits and writes it in one system call.
//!
//! A client that was away resumes by `rev`: [`domain::resume`] has the rule, [`socket`] holds live frames meanwhile.
//!
//! # What it promises, and what not
//!
//! What was acknowledged is kept, through `kill -9` and power cuts. What a client missed comes on its own, in order,
//! once; beyond a limit it is told to fetch anew. Typing and presence are hints and may be lost. One server owns a data
//! directory; several servers side by side come with PostgreSQL.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]

pub mod actors;
pub mod bots;
pub mod channels;
pub mod config;
pub mod domain;
pub mod metrics;
pub mod outbound;
pub mod socket;
pub mod store;
pub mod web;
