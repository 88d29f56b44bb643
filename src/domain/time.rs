//! Instants on the wire: ISO 8601, UTC, `Z`, microseconds when they are not zero (contract, page 1).

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;

use super::Micros;

const WHOLE: DateTimePrinter = DateTimePrinter::new().precision(Some(0));
const MICRO: DateTimePrinter = DateTimePrinter::new().precision(Some(6));

/// The instant as the contract writes it. Instants outside of the calendar (which no clock gives) are written as
/// the calendar's end.
pub fn format(at: Micros) -> String {
    let timestamp = Timestamp::from_microsecond(at).unwrap_or(Timestamp::MAX);
    let printer = if at % 1_000_000 == 0 { &WHOLE } else { &MICRO };
    printer.timestamp_to_string(&timestamp)
}

/// Reads a date-time with a zone or `Z`; a date alone is none (contract, 2.3).
pub fn parse(text: &str) -> Option<Micros> {
    let normal = text.trim().replacen(' ', "T", 1);
    if let Ok(timestamp) = normal.parse::<Timestamp>() {
        return Some(timestamp.as_microsecond());
    }
    // without a zone it is taken as UTC
    if !normal.contains('T') {
        return None;
    }
    let civil: jiff::civil::DateTime = normal.parse().ok()?;
    let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_as_the_contract_does() {
        let table = [
            (1_893_499_200_000_000, "2030-01-01T12:00:00Z"),
            (1_893_499_200_123_456, "2030-01-01T12:00:00.123456Z"),
            (1_893_499_200_120_000, "2030-01-01T12:00:00.120000Z"),
        ];
        for (at, text) in table {
            assert_eq!(format(at), text);
            assert_eq!(parse(text), Some(at));
        }
    }

    #[test]
    fn zones_are_understood_and_bare_dates_are_not() {
        assert_eq!(parse("2030-01-01T14:00:00+02:00"), Some(1_893_499_200_000_000));
        assert_eq!(parse("2030-01-01T12:00:00"), Some(1_893_499_200_000_000));
        assert_eq!(parse("2030-01-01"), None);
        assert_eq!(parse("soon"), None);
    }
}
