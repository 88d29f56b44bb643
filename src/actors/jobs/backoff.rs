//! How long a job waits after a failure.

use std::time::Duration;

/// The wait after try number `tries` (from 1): doubled with each further one up to the longest, times `chance`, which is
/// at least a half.
pub(super) fn wait(tries: u32, (first, longest): (Duration, Duration), chance: f64) -> Duration {
    let doublings = tries.saturating_sub(1).min(30);
    first.saturating_mul(1 << doublings).min(longest).mul_f64(chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let settings = crate::config::load(None, []).expect("settings").jobs;
        let settings = (settings.backoff, settings.max_backoff);
        let seconds = |tries| wait(tries, settings, 1.0).as_secs();
        assert_eq!([1, 2, 3, 4].map(seconds), [5, 10, 20, 40]);
        assert_eq!([11, 40, u32::MAX].map(seconds), [3_600; 3]);
        assert_eq!(wait(1, settings, 0.5), Duration::from_millis(2_500));
    }
}
