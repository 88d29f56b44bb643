//! Who is asking (design, part 7).
//!
//! | what is presented | who that is |
//! | --- | --- |
//! | `Authorization: Token …` | an API token, stored as a digest |
//! | `Authorization: Bearer …` | a JWT signed by the embedding site; the account is made on first sight |
//! | `Authorization: Visitor …` | a visitor token signed by this server |
//! | cookie `tertulia_session` | an operator's login; unsafe methods also need the header `X-CSRF-Token` |
//!
//! A WebSocket takes the same headers, a one-use ticket in the address, or the cookie with an allowed Origin.

pub mod caller;
pub mod jwt;
pub mod keys;
pub mod login;
pub mod origin;
pub mod tickets;

pub use caller::{Caller, authenticate};
