//! Scripts and surveys: tables after the contract, the seed's schemas as the recordings run, and properties.

mod answers;
pub(in crate::domain) mod properties;
mod records;
mod results;
mod rollbacks;
mod rule_book;
mod scene;
mod seed;
mod surveys;
mod walks;
