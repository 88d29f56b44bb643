//! When a finished run starts again (contract, 16: B-REPETITION), by the calendar in UTC.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::Micros;
use super::mode::FrequencyUnit;
use super::seat::Repetition;

/// Steps that are skipped at most when a restart was long overdue; beyond, it is counted from now.
const MAX_SKIPPED: usize = 10_000;

/// `count` units after an instant; `None` beyond the calendar.
fn later(from: Micros, unit: FrequencyUnit, count: i64) -> Option<Micros> {
    let from = Timestamp::from_microsecond(from).ok()?.to_zoned(TimeZone::UTC);
    let span = match unit {
        FrequencyUnit::Hours => Span::new().try_hours(count),
        FrequencyUnit::Days => Span::new().try_days(count),
        FrequencyUnit::Weeks => Span::new().try_weeks(count),
        FrequencyUnit::Months => Span::new().try_months(count),
    };
    Some(from.checked_add(span.ok()?).ok()?.timestamp().as_microsecond())
}

impl Repetition {
    /// A run has ended: if nobody gave a time for the next one, it is counted from now.
    pub fn wait(&mut self, now: Micros) {
        if self.next.is_none() {
            self.next = self.following(now, now);
            self.anchor = self.next;
        }
    }

    /// The first restart after `now`, counted from `from` in steps of the frequency. Months are counted from `from` too, so
    /// that the last day of a month stays the last. `None` without a frequency, or when there is none before the end.
    pub fn following(&self, from: Micros, now: Micros) -> Option<Micros> {
        let (unit, value) = (self.unit?, self.value.filter(|value| *value > 0)?);
        let step = |count: usize| later(from, unit, value.checked_mul(i64::try_from(count).ok()?)?);
        let next = (1..=MAX_SKIPPED).map_while(step).find(|at| *at > now).or_else(|| later(now, unit, value))?;
        self.until.is_none_or(|until| next <= until).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::super::time::{format, parse};
    use super::*;

    fn next(unit: FrequencyUnit, value: i64, from: &str, now: &str, until: Option<&str>) -> Option<String> {
        let at = |text: &str| parse(text).expect("an instant");
        let repetition =
            Repetition { unit: Some(unit), value: Some(value), until: until.map(at), next: None, anchor: None };
        repetition.following(at(from), at(now)).map(format)
    }

    #[test]
    fn restarts_follow_the_calendar_and_skip_what_was_missed() {
        use FrequencyUnit::{Days, Hours, Months, Weeks};
        let rows = [
            (Hours, 6, "2030-01-01T00:00:00Z", "2030-01-01T01:00:00Z", "2030-01-01T06:00:00Z"),
            (Days, 1, "2030-02-27T08:00:00Z", "2030-03-03T09:00:00Z", "2030-03-04T08:00:00Z"),
            (Weeks, 2, "2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z", "2030-01-15T00:00:00Z"),
            (Months, 1, "2030-01-31T12:00:00Z", "2030-01-31T12:00:00Z", "2030-02-28T12:00:00Z"),
            (Months, 1, "2030-01-31T12:00:00Z", "2030-03-01T00:00:00Z", "2030-03-31T12:00:00Z"),
        ];
        for (unit, value, from, now, expected) in rows {
            assert_eq!(next(unit, value, from, now, None).as_deref(), Some(expected), "{unit:?} {value} {from} {now}");
        }
        assert_eq!(next(Days, 1, "2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z", Some("2030-01-01T12:00:00Z")), None);
        assert_eq!(next(Days, 0, "2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z", None), None);
    }
}
