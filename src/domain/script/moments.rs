//! Which texts are dates and times (contract, 8.1). The three types of questions take all of them alike, as the
//! original does: a date passes as a time and so on.
//!
//! | form | examples |
//! | --- | --- |
//! | ISO 8601 date, extended or basic | `2001-02-03`, `20010203` |
//! | ISO 8601 time, with or without zone | `07:30`, `T07:30:00`, `07:30:00.5+01:00`, `T0730Z` |
//! | ISO 8601 date-time, a `T` or a space between | `2030-02-03T10:00:00+01:00`, `20300203T100000Z` |
//! | `D Mon YYYY`, `Mon D, YYYY`; the month's English name may be written out | `3 Feb 2001`, `February 3, 2001` |
//! | `D.M.YYYY`, `M/D/YYYY` | `3.2.2001`, `2/3/2001` |
//! | `H:MM[:SS]`, with am or pm if need be | `7:30`, `7:30 pm`, `12:00:01AM` |
//!
//! Dates are those of the calendar from the year 1 to 9999. Weeks, days of the year, months alone, 24:00 and leap
//! seconds are refused.

use jiff::civil::Date;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// A month of a year.
pub type Month = (u16, u16);

/// Whether the text is a date, a time or both, in one of the accepted forms.
pub fn is_moment(text: &str) -> bool {
    let text = text.trim();
    month_of(text).is_some()
        || is_iso_time(text.strip_prefix(['T', 't']).unwrap_or(text), text.starts_with(['T', 't']))
        || is_clock_time(text)
}

/// The year and month of a text that is a date, or a date and a time.
pub fn month_of(text: &str) -> Option<Month> {
    let text = text.trim();
    iso_date(text).or_else(|| date_time(text)).or_else(|| named_date(text)).or_else(|| dotted_date(text))
}

/// A number of `least` to `most` digits and nothing else.
fn digits(text: &str, least: usize, most: usize) -> Option<u16> {
    let fits = (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

/// The month of a date that is in the calendar.
fn date(year: Option<u16>, month: Option<u16>, day: Option<u16>) -> Option<Month> {
    let (Some(year @ 1..=9999), Some(month), Some(day)) = (year, month, day) else { return None };
    let whole = (i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    Date::new(whole.0, whole.1, whole.2).ok()?;
    Some((year, month))
}

fn iso_date(text: &str) -> Option<Month> {
    if let (8, Some((year, rest))) = (text.len(), text.split_at_checked(4)) {
        let (month, day) = rest.split_at_checked(2)?;
        return date(digits(year, 4, 4), digits(month, 2, 2), digits(day, 2, 2));
    }
    let mut parts = text.splitn(3, '-');
    let mut part = |width| parts.next().and_then(|part| digits(part, width, width));
    date(part(4), part(2), part(2))
}

fn date_time(text: &str) -> Option<Month> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let basic = !date.contains('-');
    iso_date(date).filter(|_| is_iso_time(time, basic) && (basic || time.contains(':')))
}

/// A time with or without its zone; without colons only where nothing else could be meant.
fn is_iso_time(text: &str, may_be_basic: bool) -> bool {
    let (clock, zone) = match text.find(['Z', 'z', '+', '-']).and_then(|at| text.split_at_checked(at)) {
        Some((clock, zone)) => (clock, Some(zone)),
        None => (text, None),
    };
    let whole = match clock.split_once(['.', ',']) {
        // a fraction is one of seconds
        Some((whole, fraction)) if is_fraction(fraction) => whole,
        Some(_) => return false,
        None => clock,
    };
    let has_seconds = whole.len() == if whole.contains(':') { 8 } else { 6 };
    let is_whole = is_colon_time(whole) || (may_be_basic && is_basic_time(whole));
    is_whole && (has_seconds || whole.len() == clock.len()) && zone.is_none_or(is_zone)
}

fn is_fraction(text: &str) -> bool {
    (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_colon_time(text: &str) -> bool {
    matches!(text.len(), 5 | 8) && clock_hour(text).is_some_and(|hour| hour <= 23)
}

fn is_basic_time(text: &str) -> bool {
    let pair = |at: usize| text.get(at..at + 2).and_then(|pair| digits(pair, 2, 2));
    let seconds = text.len() == 4 || (text.len() == 6 && pair(4).is_some_and(|second| second <= 59));
    seconds && pair(0).is_some_and(|hour| hour <= 23) && pair(2).is_some_and(|minute| minute <= 59)
}

/// `Z`, `+HH`, `+HHMM`, `+HH:MM`.
fn is_zone(text: &str) -> bool {
    let Some(offset) = text.strip_prefix(['+', '-']) else { return text.eq_ignore_ascii_case("z") };
    let offset = if offset.len() == 2 { format!("{offset}:00") } else { offset.to_owned() };
    is_colon_time(&offset) && offset.len() == 5 || is_basic_time(&offset) && offset.len() == 4
}

/// The hour of `H:MM[:SS]`, if minutes and seconds are right.
fn clock_hour(text: &str) -> Option<u16> {
    let mut parts = text.split(':');
    let hour = digits(parts.next()?, 1, 2)?;
    let minute = digits(parts.next()?, 2, 2)?;
    let second = parts.next().map_or(Some(0), |second| digits(second, 2, 2))?;
    (parts.next().is_none() && minute <= 59 && second <= 59).then_some(hour)
}

fn is_clock_time(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    match lower.strip_suffix("am").or_else(|| lower.strip_suffix("pm")) {
        Some(clock) => clock_hour(clock.trim_end()).is_some_and(|hour| (1..=12).contains(&hour)),
        None => clock_hour(text).is_some_and(|hour| hour <= 23),
    }
}

/// The number of a month by its first three letters or its whole name.
fn month(name: &str) -> Option<u16> {
    let name = name.to_lowercase();
    let named = |month: &&str| name == **month || month.get(..3).is_some_and(|short| name == short);
    (1..).zip(&MONTHS).find(|(_, month)| named(month)).map(|(number, _)| number)
}

fn named_date(text: &str) -> Option<Month> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [first, second, year] = words[..] else { return None };
    let year = digits(year, 4, 4);
    match second.strip_suffix(',') {
        Some(day) => date(year, month(first), digits(day, 1, 2)),
        None => date(year, month(second), digits(first, 1, 2)),
    }
}

/// `D.M.YYYY` and `M/D/YYYY`.
fn dotted_date(text: &str) -> Option<Month> {
    let separator = if text.contains('.') { '.' } else { '/' };
    let parts: Vec<&str> = text.split(separator).collect();
    let [first, second, year] = parts[..] else { return None };
    let (day, month) = if separator == '.' { (first, second) } else { (second, first) };
    date(digits(year, 4, 4), digits(month, 1, 2), digits(day, 1, 2))
}
