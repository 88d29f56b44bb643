//! stub
pub mod api;
pub mod entry;
pub mod error;
use crate::actors::House;
#[derive(Clone)]
pub struct Doors {
    pub house: House,
}
