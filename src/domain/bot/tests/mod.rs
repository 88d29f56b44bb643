//! The rules of built-in bots, by tables, by properties, and by the contract's own scenarios.

mod matching;
mod patterns;
mod scenarios;
mod times;
mod words;
