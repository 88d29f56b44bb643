//! Botkit's web chat protocol, pure (botkit contract): what its browser client sends, and what it is sent.
//!
//! - [`frame`]: an object from the client, read. `user` is a label, never a credential.
//! - [`safe`]: text and addresses that the client may be given: it escapes nothing itself.
//! - [`reply`]: a message of the thread as the objects that the client draws.

pub mod frame;
pub mod reply;
pub mod safe;
