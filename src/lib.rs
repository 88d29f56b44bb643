//! Tertulia.
pub mod actors;
pub mod config;
pub mod domain;
pub mod metrics;
pub mod socket;
pub mod store;
