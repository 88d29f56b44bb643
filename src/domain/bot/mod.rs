//! Built-in bots (bots contract): configured, not programmed. An owner writes handlers and states; the house does the rest.
//!
//! A bot's whole configuration is one [`Document`](document::Document): it is stored in versions, swapped whole, imported
//! and exported as it is. Everything here is pure; calls and clocks come in as data.

pub mod document;
