//! Tertulia.
pub mod config;
pub mod domain;
pub mod metrics;
pub mod store;
