//! Resuming (design, part 6): what a client missed, and the live frames held back meanwhile, become one sequence
//! without gaps and without repeats.

use super::Rev;

/// Why a thread must be fetched anew instead of resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resync {
    /// The revisions belong to another history (a new or restored database).
    LogChanged,
    /// More was missed than is sent again.
    TooOld,
    /// The client knows revisions that this history does not have.
    Ahead,
    /// The caller is not in the thread, or it does not exist.
    NotAMember,
}

impl Resync {
    /// The reason on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Resync::LogChanged => "log_changed",
            Resync::TooOld => "too_old",
            Resync::Ahead => "ahead",
            Resync::NotAMember => "not_a_member",
        }
    }
}

/// What to do for a client that has seen `since` of a thread that stands at `current`.
pub fn judge(since: Rev, current: Rev) -> Result<bool, Resync> {
    if since > current || since < 0 {
        return Err(Resync::Ahead);
    }
    Ok(since < current)
}

/// The frames to send after what was missed up to `caught` has been sent: those held back that are newer.
pub fn release<T>(held: Vec<(Rev, T)>, caught: Rev) -> impl Iterator<Item = T> {
    held.into_iter().filter(move |(rev, _)| *rev > caught).map(|(_, frame)| frame)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_judgement_is_a_table() {
        let table = [
            (0, 0, Ok(false)),
            (0, 5, Ok(true)),
            (5, 5, Ok(false)),
            (6, 5, Err(Resync::Ahead)),
            (-1, 5, Err(Resync::Ahead)),
        ];
        for (since, current, judged) in table {
            assert_eq!(judge(since, current), judged, "{since} of {current}");
        }
    }

    proptest! {
        /// Whenever the fetch happens among the live frames, the client gets each revision once and in order.
        #[test]
        fn nothing_is_missed_and_nothing_comes_twice(since in 0..20i64, fetched_at in 0..20i64, last in 0..20i64) {
            let caught = since + fetched_at;
            let last = caught + last;
            // the session began to hold frames at some revision not after the fetch
            let held: Vec<(Rev, Rev)> = (since + 1..=last).map(|rev| (rev, rev)).collect();
            let mut got: Vec<Rev> = (since + 1..=caught).collect();
            got.extend(release(held, caught));
            prop_assert_eq!(got, (since + 1..=last).collect::<Vec<_>>());
        }
    }
}
