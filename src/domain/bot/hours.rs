//! Hours: when people are there, when nothing is said unasked, and when a hook fires by itself. All by the calendar of a zone.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan, Zoned};
use serde_json::{Value, json};

use super::settings::{HourSpan, Hours, Quiet, Schedule};
use super::template::zone;
use crate::domain::Micros;

const DAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// The minute of the day of `HH:MM`; `24:00` is the day's end.
pub fn minute(text: &str) -> Option<i32> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let valid = (0..24).contains(&hours) && (0..60).contains(&minutes) || (hours, minutes) == (24, 0);
    valid.then_some(hours * 60 + minutes)
}

/// Whether a zone of this name exists.
pub fn is_zone(name: &str) -> bool {
    zone(name).is_some()
}

/// The weekday of a name.
pub fn weekday(name: &str) -> Option<Weekday> {
    DAYS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, day)| *day)
}

fn local(zone_name: &str, now: Micros) -> Zoned {
    let zone = zone(zone_name).unwrap_or(TimeZone::UTC);
    Timestamp::from_microsecond(now).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone)
}

fn minute_of(moment: &Zoned) -> i32 {
    i32::from(moment.hour()) * 60 + i32::from(moment.minute())
}

fn is_holiday(hours: &Hours, day: Date) -> bool {
    let (full, yearly) = (day.to_string(), format!("{:02}-{:02}", day.month(), day.day()));
    hours.holidays.iter().any(|holiday| *holiday == full || *holiday == yearly)
}

fn spans(hours: &Hours, day: Weekday) -> impl Iterator<Item = (i32, i32)> {
    let spans = hours.weekly.iter().filter(move |(name, _)| weekday(name) == Some(day)).flat_map(|(_, spans)| spans);
    spans.filter_map(|span| Some((minute(&span.from)?, minute(&span.to)?)))
}

/// Whether people are there.
pub fn is_open(hours: &Hours, now: Micros) -> bool {
    let moment = local(&hours.zone, now);
    let at = minute_of(&moment);
    let open_on = |day: Date, at: i32, night: bool| {
        !is_holiday(hours, day)
            && spans(hours, day.weekday()).any(|(from, to)| match (night, to > from) {
                (false, true) => (from..to).contains(&at),
                (false, false) => at >= from,
                (true, across) => !across && at < to,
            })
    };
    open_on(moment.date(), at, false) || moment.date().yesterday().is_ok_and(|day| open_on(day, at, true))
}

/// `business_hours` of the templates' context: `{open, holiday, zone, weekday, time}`.
pub fn context(hours: &Hours, now: Micros) -> Value {
    let moment = local(&hours.zone, now);
    let day = DAYS.iter().find(|(_, day)| *day == moment.weekday()).map_or("", |(name, _)| name);
    json!({
        "open": is_open(hours, now),
        "holiday": is_holiday(hours, moment.date()),
        "zone": if hours.zone.is_empty() { "UTC" } else { hours.zone.as_str() },
        "weekday": day,
        "time": format!("{:02}:{:02}", moment.hour(), moment.minute()),
    })
}

fn quiet_at(span: &HourSpan, at: i32) -> bool {
    match (minute(&span.from), minute(&span.to)) {
        (Some(from), Some(to)) if from < to => (from..to).contains(&at),
        (Some(from), Some(to)) if from > to => at >= from || at < to,
        _ => false,
    }
}

/// When something unasked may be said: now, or when the quiet hours end.
pub fn after_quiet(quiet: &Quiet, now: Micros) -> Micros {
    let moment = local(&quiet.zone, now);
    if !quiet_at(&quiet.span, minute_of(&moment)) {
        return now;
    }
    let ends = minute(&quiet.span.to).unwrap_or_default();
    let today = on(&moment, moment.date(), ends);
    let ends = today.filter(|at| *at > now).or_else(|| on(&moment, moment.date().tomorrow().ok()?, ends));
    ends.unwrap_or(now)
}

/// The instant of a minute of a day in the zone of `like`.
fn on(like: &Zoned, day: Date, minutes: i32) -> Option<Micros> {
    let (day, minutes) = if minutes == 24 * 60 { (day.tomorrow().ok()?, 0) } else { (day, minutes) };
    let time = Time::new(i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?, 0, 0).ok()?;
    Some(day.to_datetime(time).to_zoned(like.time_zone().clone()).ok()?.timestamp().as_microsecond())
}

/// When a schedule fires next after `now`; quiet hours put it off to their end. None: never again.
pub fn next_due(schedule: &Schedule, quiet: Option<&Quiet>, now: Micros) -> Option<Micros> {
    let moment = local(&schedule.zone, now);
    let due = match &schedule.once {
        Some(once) => {
            let civil: jiff::civil::DateTime = once.parse().ok()?;
            let at = civil.to_zoned(moment.time_zone().clone()).ok()?.timestamp().as_microsecond();
            Some(at).filter(|at| *at > now)
        }
        None => recurring(schedule, &moment, now),
    }?;
    Some(quiet.map_or(due, |quiet| after_quiet(quiet, due)))
}

fn recurring(schedule: &Schedule, moment: &Zoned, now: Micros) -> Option<Micros> {
    let wanted = |day: Date| {
        schedule.weekdays.is_empty() || schedule.weekdays.iter().any(|name| weekday(name) == Some(day.weekday()))
    };
    (0..=7).find_map(|ahead: i64| {
        let span: Span = ahead.days();
        let day = moment.date().checked_add(span).ok().filter(|day| wanted(*day))?;
        let times = schedule.times.iter().filter_map(|time| on(moment, day, minute(time)?));
        times.filter(|at| *at > now).min()
    })
}
