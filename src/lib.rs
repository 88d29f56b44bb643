//! Tertulia.
pub mod domain;
