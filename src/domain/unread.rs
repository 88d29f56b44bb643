//! What a member has read (design, part 4): a pure function of the stretches that were tracked, a cursor, and the few
//! messages read out of order. A message costs the absent nothing; everything is worked out when somebody looks.

use serde::{Deserialize, Serialize};

use super::Seq;

/// More stretches than this are never kept: the oldest gaps are then taken as read.
pub const MAX_SPANS: usize = 512;

/// A set of positions, kept as sorted, disjoint, inclusive stretches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Spans(Vec<(Seq, Seq)>);

impl Spans {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many positions are in it.
    pub fn count(&self) -> i64 {
        self.0.iter().map(|(from, to)| to - from + 1).sum()
    }

    /// How many stretches it is kept in.
    pub fn stretches(&self) -> usize {
        self.0.len()
    }

    /// The lowest position.
    pub fn first(&self) -> Option<Seq> {
        self.0.first().map(|(from, _)| *from)
    }

    /// Whether `seq` is in it.
    pub fn contains(&self, seq: Seq) -> bool {
        let next = self.0.partition_point(|(from, _)| *from <= seq);
        next.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|(_, to)| seq <= *to)
    }

    /// Puts `from..=to` in.
    pub fn insert(&mut self, from: Seq, to: Seq) {
        if from > to {
            return;
        }
        // the usual case: one more at the end
        if let Some(last) = self.0.last_mut()
            && from > last.1
        {
            if from == last.1.saturating_add(1) {
                last.1 = to;
            } else {
                self.0.push((from, to));
            }
            return;
        }
        let start = self.0.partition_point(|(_, end)| end.saturating_add(1) < from);
        let end = self.0.partition_point(|(begin, _)| *begin <= to.saturating_add(1));
        let touched = self.0.get(start..end).unwrap_or_default();
        let low = touched.first().map_or(from, |(begin, _)| from.min(*begin));
        let high = touched.last().map_or(to, |(_, finish)| to.max(*finish));
        self.0.splice(start..end, [(low, high)]);
    }

    /// Takes `seq` out; whether it was in.
    pub fn remove(&mut self, seq: Seq) -> bool {
        let Some(at) = self.0.partition_point(|(from, _)| *from <= seq).checked_sub(1) else { return false };
        let Some(&(from, to)) = self.0.get(at) else { return false };
        if seq > to {
            return false;
        }
        let parts = [(from, seq - 1), (seq + 1, to)];
        self.0.splice(at..=at, parts.into_iter().filter(|(low, high)| low <= high));
        true
    }

    /// Takes out everything up to and including `seq`.
    pub fn remove_upto(&mut self, seq: Seq) {
        self.0.retain_mut(|(from, to)| {
            *from = (*from).max(seq.saturating_add(1));
            *from <= *to
        });
    }

    /// Takes out what is in the other.
    pub fn subtract(&mut self, other: &Spans) {
        if other.is_empty() {
            return;
        }
        let mut left = Vec::with_capacity(self.0.len());
        let mut holes = other.0.iter().peekable();
        for (mut from, to) in std::mem::take(&mut self.0) {
            while holes.next_if(|(_, end)| *end < from).is_some() {}
            let mut rest = holes.clone();
            while let Some((begin, end)) = rest.next_if(|(begin, _)| *begin <= to) {
                if from < *begin {
                    left.push((from, begin - 1));
                }
                from = from.max(end.saturating_add(1));
            }
            if from <= to {
                left.push((from, to));
            }
        }
        self.0 = left;
    }

    /// The stretches, lowest first.
    pub fn iter(&self) -> impl Iterator<Item = (Seq, Seq)> + '_ {
        self.0.iter().copied()
    }

    /// What is in both.
    pub fn intersection(&self, other: &Spans) -> Spans {
        let mut both = Spans::new();
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        while let (Some(&&(a, b)), Some(&&(c, d))) = (left.peek(), right.peek()) {
            both.insert(a.max(c), b.min(d));
            if b < d {
                left.next()
            } else {
                right.next()
            };
        }
        both
    }
}

impl FromIterator<Seq> for Spans {
    fn from_iter<I: IntoIterator<Item = Seq>>(seqs: I) -> Self {
        let mut spans = Spans::new();
        for seq in seqs {
            spans.insert(seq, seq);
        }
        spans
    }
}

/// A stretch in which the member had the UNREAD bit on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracked {
    /// The first position tracked.
    pub from: Seq,
    /// The last one; `None` while the bit is on.
    pub to: Option<Seq>,
}

/// What a member has read of a thread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadState {
    /// When unread was tracked.
    pub tracked: Vec<Tracked>,
    /// Everything up to here is read.
    pub upto: Seq,
    /// What was read beyond the cursor, out of order.
    pub beyond: Spans,
}

impl ReadState {
    /// The state of somebody who joins after `last`, with or without tracking.
    pub fn joining(last: Seq, tracking: bool) -> Self {
        let mut state = ReadState { upto: last, ..Self::default() };
        state.track(tracking, last);
        state
    }

    /// Whether the bit is on.
    pub fn is_tracking(&self) -> bool {
        self.tracked.last().is_some_and(|stretch| stretch.to.is_none())
    }

    /// Switches tracking after `last`; the past stays as it is (contract, 7.5).
    pub fn track(&mut self, on: bool, last: Seq) {
        if on == self.is_tracking() {
            return;
        }
        if on {
            self.tracked.push(Tracked { from: last + 1, to: None });
        } else if let Some(open) = self.tracked.last_mut() {
            open.to = Some(last);
        }
        self.drop_passed();
    }

    /// Whether a message at `seq`, if it is another's, visible and not deleted, is unread.
    pub fn counts(&self, seq: Seq) -> bool {
        seq > self.upto
            && !self.beyond.contains(seq)
            && self.tracked.iter().any(|stretch| stretch.from <= seq && stretch.to.is_none_or(|to| seq <= to))
    }

    /// What is unread, given the positions where there is something to read, and those of the member's own messages.
    pub fn unread(&self, readable: &Spans, own: &Spans) -> Spans {
        let mut tracked = Spans::new();
        for stretch in &self.tracked {
            tracked.insert(stretch.from, stretch.to.unwrap_or(Seq::MAX - 1));
        }
        let mut unread = tracked.intersection(readable);
        unread.remove_upto(self.upto);
        unread.subtract(&self.beyond);
        unread.subtract(own);
        unread
    }

    /// Takes these positions as read. The cursor never goes back.
    pub fn mark(&mut self, seqs: &Spans) {
        for (from, to) in seqs.iter() {
            if from <= self.upto.saturating_add(1) {
                self.upto = self.upto.max(to);
            } else {
                self.beyond.insert(from, to);
            }
        }
        self.absorb();
    }

    /// Moves the cursor up to `upto`; what lies below is read, own, deleted or hidden.
    pub fn pass(&mut self, upto: Seq) {
        self.upto = self.upto.max(upto);
        self.absorb();
    }

    /// Moves the cursor up to just before the first message still unread: what lies between is own, deleted or hidden.
    pub fn advance(&mut self, unread: &Spans, last: Seq) {
        self.pass(unread.first().map_or(last, |first| first - 1));
    }

    fn absorb(&mut self) {
        while let Some((from, to)) = self.beyond.0.first().copied() {
            let too_many = self.beyond.stretches() > MAX_SPANS;
            if from > self.upto.saturating_add(1) && !too_many {
                break;
            }
            self.upto = self.upto.max(to);
            self.beyond.remove_upto(self.upto);
        }
        self.drop_passed();
    }

    /// Forgets closed stretches behind the cursor, so that the state stays small.
    fn drop_passed(&mut self) {
        let upto = self.upto;
        self.tracked.retain(|stretch| stretch.to.is_none_or(|to| to > upto && to >= stretch.from));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Insert(i64, i64),
        Remove(i64),
        RemoveUpto(i64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (1..60i64, 0..8i64).prop_map(|(from, more)| Step::Insert(from, from + more)),
            (1..60i64).prop_map(Step::Remove),
            (1..20i64).prop_map(Step::RemoveUpto),
        ]
    }

    proptest! {
        #[test]
        fn spans_are_a_set(steps in proptest::collection::vec(step(), 0..60)) {
            let (mut spans, mut naive) = (Spans::new(), BTreeSet::new());
            for step in steps {
                match step {
                    Step::Insert(from, to) => { spans.insert(from, to); naive.extend(from..=to); }
                    Step::Remove(seq) => prop_assert_eq!(spans.remove(seq), naive.remove(&seq)),
                    Step::RemoveUpto(seq) => { spans.remove_upto(seq); naive.retain(|kept| *kept > seq); }
                }
                let listed: Vec<i64> = spans.iter().flat_map(|(from, to)| from..=to).collect();
                prop_assert_eq!(&listed, &naive.iter().copied().collect::<Vec<_>>());
                prop_assert_eq!(spans.count(), naive.len() as i64);
                prop_assert!((0..80).all(|seq| spans.contains(seq) == naive.contains(&seq)));
            }
        }

        #[test]
        fn reading_is_as_a_naive_reader_does(
            deeds in proptest::collection::vec((0..5u8, 1..40i64), 0..80),
        ) {
            // naive: a flag per message, as the original's unread rows
            let (mut state, mut rows, mut last) = (ReadState::joining(0, true), BTreeSet::new(), 0);
            for (deed, number) in deeds {
                match deed {
                    0 | 1 => { last += 1; if state.is_tracking() { rows.insert(last); } }
                    2 => { state.track(number % 2 == 0, last); }
                    3 => { let seq = number.min(last); if seq > 0 { rows.remove(&seq); state.mark(&Spans::from_iter([seq])); } }
                    _ => {
                        let before = state.upto;
                        state.advance(&rows.iter().copied().collect(), last);
                        prop_assert!(state.upto >= before, "the read state never goes backwards");
                    }
                }
                prop_assert!((1..=last).all(|seq| state.counts(seq) == rows.contains(&seq)), "{state:?} {rows:?}");
            }
        }

        #[test]
        fn the_difference_is_what_only_the_first_has(
            left in proptest::collection::btree_set(1..50i64, 0..30),
            right in proptest::collection::btree_set(1..50i64, 0..30),
        ) {
            let only: Spans = left.difference(&right).copied().collect();
            let mut spans: Spans = left.into_iter().collect();
            spans.subtract(&right.into_iter().collect());
            prop_assert_eq!(spans, only);
        }

        #[test]
        fn unread_by_stretches_is_unread_one_by_one(
            readable in proptest::collection::btree_set(1..60i64, 0..50),
            own in proptest::collection::btree_set(1..60i64, 0..20),
            read in proptest::collection::btree_set(1..60i64, 0..20),
            switches in proptest::collection::vec(1..60i64, 0..4),
        ) {
            let mut state = ReadState::joining(0, true);
            let mut switches = switches;
            switches.sort_unstable();
            for (number, at) in switches.into_iter().enumerate() {
                state.track(number % 2 == 1, at);
            }
            state.mark(&read.into_iter().collect());
            let naive: Spans = readable.iter().copied().filter(|seq| state.counts(*seq) && !own.contains(seq)).collect();
            prop_assert_eq!(state.unread(&readable.into_iter().collect(), &own.into_iter().collect()), naive);
        }

        #[test]
        fn the_intersection_is_what_both_have(
            left in proptest::collection::btree_set(1..50i64, 0..30),
            right in proptest::collection::btree_set(1..50i64, 0..30),
        ) {
            let both: Spans = left.intersection(&right).copied().collect();
            let (left, right): (Spans, Spans) = (left.into_iter().collect(), right.into_iter().collect());
            prop_assert_eq!(left.intersection(&right), both);
        }
    }

    #[test]
    fn the_last_number_there_is_breaks_nothing() {
        let mut spans = Spans::from_iter([Seq::MAX]);
        spans.insert(1, Seq::MAX);
        spans.insert(5, Seq::MAX);
        assert_eq!(spans.iter().collect::<Vec<_>>(), [(1, Seq::MAX)]);
        let mut state = ReadState::joining(0, true);
        state.mark(&spans);
        assert!(!state.counts(7));
    }

    #[test]
    fn the_state_stays_small_whatever_is_read() {
        let mut state = ReadState::joining(0, true);
        for seq in (2..10_000).step_by(2) {
            state.mark(&Spans::from_iter([seq]));
        }
        assert!(state.beyond.stretches() <= MAX_SPANS);
    }
}
