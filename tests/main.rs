//! The suite: stories of people who talk, told to the running server through its doors.
//!
//! One binary, because every further one costs a link. `support` is the harness; each other module is a capability.
//! `tests/all.sh` installs what is missing and runs everything.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::pedantic,
    reason = "a test may panic: that is how it fails"
)]

mod support;

mod attachments;
mod better_than_recorded;
mod borders;
mod botkit_door;
mod browser;
mod browser_admin;
mod browser_scripts;
mod builtin_bots;
mod cost;
mod crash;
mod desk_login;
mod foreign_page;
mod full_disk;
mod idempotency;
mod listing;
mod live;
mod lost_acks;
mod notification_delivery;
mod notifications;
mod operations;
mod ordering;
mod permission_matrix;
mod power_cut;
mod rasa_doors;
mod regressions;
mod replay;
mod replay_scripts;
mod replay_surveys;
mod resume;
mod schema_files;
mod schemas;
mod script_regressions;
mod scripts;
mod search;
mod slow_reader;
mod socketio_clients;
mod socketio_door;
mod sockets_entry;
mod survey_attachments;
mod survey_results;
mod surveys;
mod template_workers;
mod tidy;
mod unread;
mod visitors;
mod webhook_bot_faults;
mod webhook_bots;
mod websocket_conformance;
mod weight;
