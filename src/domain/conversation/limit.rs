//! How often a bot may ask in one session: 20 times in any 60 seconds (contract, 11).

use std::collections::VecDeque;

use super::{Micros, SECOND};

/// The most requests in the window.
pub const MAX_REQUESTS: usize = 20;
/// The window.
pub const WINDOW: Micros = 60 * SECOND;

/// Counts a request at `now`.
///
/// # Errors
/// After how many whole seconds, rounded up, the next one fits. A refused request does not count.
pub fn admit(requests: &mut VecDeque<Micros>, now: Micros) -> Result<(), u64> {
    while requests.front().is_some_and(|at| now - at >= WINDOW) {
        requests.pop_front();
    }
    if requests.len() < MAX_REQUESTS {
        requests.push_back(now);
        return Ok(());
    }
    let oldest = requests[requests.len() - MAX_REQUESTS];
    Err((oldest + WINDOW - now).max(0).unsigned_abs().div_ceil(SECOND.unsigned_abs()).max(1))
}
