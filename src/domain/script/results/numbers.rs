//! Least, greatest, mean, median and histogram of numbers.

use serde::Serialize;

/// More whole values than this between the least and the greatest, and they are counted in ranges.
const MAX_VALUES: f64 = 20.0;
/// How many ranges there are then.
const RANGES: u32 = 10;

/// What numbers add up to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Numbers {
    /// How many.
    pub count: u64,
    /// The least.
    pub min: Option<f64>,
    /// The greatest.
    pub max: Option<f64>,
    /// Their mean.
    pub mean: Option<f64>,
    /// The one in the middle, or the mean of the two.
    pub median: Option<f64>,
    /// How many lie where, ascending.
    pub histogram: Vec<Bar>,
}

/// How many numbers lie from `from` up to `to`: including it if the two are the same or in the last bar, else not.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bar {
    /// The lower end, included.
    pub from: f64,
    /// The upper end.
    pub to: f64,
    /// How many.
    pub count: u64,
}

/// The number in the middle of ascending numbers, or the mean of the two.
pub(super) fn median(sorted: &[f64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get(sorted.len() / 2 - 1)?;
    // halves first: the sum of two large numbers may be infinite
    Some(lower / 2.0 + upper / 2.0)
}

impl Numbers {
    /// What these finite numbers add up to.
    pub fn of(mut numbers: Vec<f64>) -> Self {
        numbers.sort_by(f64::total_cmp);
        // a running mean: the sum of large numbers may be infinite
        let mut mean = 0.0;
        for (count, number) in (1_u32..).zip(&numbers) {
            mean += number / f64::from(count) - mean / f64::from(count);
        }
        Self {
            count: numbers.len() as u64,
            min: numbers.first().copied(),
            max: numbers.last().copied(),
            mean: (!numbers.is_empty()).then_some(mean),
            median: median(&numbers),
            histogram: histogram(&numbers),
        }
    }
}

/// Few whole numbers are counted one by one, all else in equal ranges.
fn histogram(sorted: &[f64]) -> Vec<Bar> {
    let (Some(min), Some(max)) = (sorted.first().copied(), sorted.last().copied()) else { return Vec::new() };
    let whole = sorted.iter().all(|number| number.fract() == 0.0) && max - min < MAX_VALUES;
    let ends: Vec<(f64, f64)> = if whole || min == max {
        let mut ends = Vec::new();
        let mut value = min;
        // beyond the whole numbers that a float holds, the next one is the same
        while value <= max && ends.last().is_none_or(|(last, _)| *last < value) {
            ends.push((value, value));
            value += 1.0;
        }
        ends
    } else {
        let at = |step: u32| {
            let part = f64::from(step) / f64::from(RANGES);
            min * (1.0 - part) + max * part
        };
        (0..RANGES).map(|step| (at(step), if step + 1 == RANGES { max } else { at(step + 1) })).collect()
    };
    let mut bars: Vec<Bar> = ends.into_iter().map(|(from, to)| Bar { from, to, count: 0 }).collect();
    for number in sorted {
        // the bars ascend: the last one that does not begin above the number
        let place = bars.partition_point(|bar| bar.from <= *number).saturating_sub(1);
        if let Some(bar) = bars.get_mut(place) {
            bar.count += 1;
        }
    }
    bars
}
