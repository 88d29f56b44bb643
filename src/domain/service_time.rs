//! When humans are there (bot-webhooks contract, 3.1): the calendar of a widget.
//!
//! Written as `{"zone": "Europe/Paris", "hours": [{"days": ["mon", "tue"], "from": "09:00", "to": "18:00"}]}`. `to` may be
//! `24:00`; hours that pass midnight are written as two entries. An empty list of hours means: never.

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Micros;

/// The most entries of a calendar.
const MAX_HOURS: usize = 50;

/// A calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceTime {
    /// The time zone, by its name in the tz database.
    pub zone: String,
    /// When it is open.
    pub hours: Vec<Hours>,
}

/// A stretch of some days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// `mon` to `sun`.
    pub days: Vec<String>,
    /// From this minute on, as `HH:MM`.
    pub from: String,
    /// Up to this minute, which does not belong to it.
    pub to: String,
}

impl ServiceTime {
    /// Reads a calendar.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn read(value: &Value) -> Result<Self, String> {
        let read: Self = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
        if read.hours.len() > MAX_HOURS {
            return Err(format!("There are more than {MAX_HOURS} entries."));
        }
        TimeZone::get(&read.zone).map_err(|_| format!("There is no time zone \"{}\".", read.zone))?;
        for hours in &read.hours {
            let odd = hours.days.iter().find(|name| day(name).is_none());
            if let Some(name) = odd {
                return Err(format!("\"{name}\" is no day; write mon, tue, wed, thu, fri, sat or sun."));
            }
            match (minute(&hours.from), minute(&hours.to)) {
                (Some(from), Some(to)) if from < to => {}
                _ => return Err(format!("\"{}\" to \"{}\" is no stretch of a day.", hours.from, hours.to)),
            }
        }
        Ok(read)
    }

    /// Whether it is open at `now`. A zone that this machine does not know any more counts as UTC.
    pub fn is_open(&self, now: Micros) -> bool {
        let zone = TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC);
        let local = Timestamp::from_microsecond(now).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone);
        let at = i32::from(local.hour()) * 60 + i32::from(local.minute());
        self.hours.iter().any(|hours| {
            let today = hours.days.iter().any(|name| day(name) == Some(local.weekday()));
            let within =
                minute(&hours.from).is_some_and(|from| from <= at) && minute(&hours.to).is_some_and(|to| at < to);
            today && within
        })
    }
}

fn day(name: &str) -> Option<Weekday> {
    Some(match name {
        "mon" => Weekday::Monday,
        "tue" => Weekday::Tuesday,
        "wed" => Weekday::Wednesday,
        "thu" => Weekday::Thursday,
        "fri" => Weekday::Friday,
        "sat" => Weekday::Saturday,
        "sun" => Weekday::Sunday,
        _ => return None,
    })
}

/// The minute of the day.
fn minute(text: &str) -> Option<i32> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |text: &str| (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(());
    digits(hour).and(digits(minute))?;
    let (hour, minute): (i32, i32) = (hour.parse().ok()?, minute.parse().ok()?);
    let at = hour * 60 + minute;
    (minute < 60 && at <= 24 * 60).then_some(at)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_open_within_its_hours_only() {
        let hours = json!({"zone": "UTC", "hours": [{"days": ["mon"], "from": "09:00", "to": "18:00"}]});
        let hours = ServiceTime::read(&hours).expect("a calendar");
        let at = |text: &str| text.parse::<Timestamp>().expect("a time").as_microsecond();
        // 2031-03-03 is a Monday
        assert!(!hours.is_open(at("2031-03-03T08:59:59Z")));
        assert!(hours.is_open(at("2031-03-03T09:00:00Z")));
        assert!(hours.is_open(at("2031-03-03T17:59:59Z")));
        assert!(!hours.is_open(at("2031-03-03T18:00:00Z")));
        assert!(!hours.is_open(at("2031-03-04T10:00:00Z")));
    }

    #[test]
    fn what_is_no_calendar_is_refused() {
        for odd in [
            json!({}),
            json!({"zone": "Mars/Olympus", "hours": []}),
            json!({"zone": "UTC", "hours": [{"days": ["monday"], "from": "09:00", "to": "10:00"}]}),
            json!({"zone": "UTC", "hours": [{"days": ["mon"], "from": "10:00", "to": "09:00"}]}),
            json!({"zone": "UTC", "hours": [{"days": ["mon"], "from": "9", "to": "25:00"}]}),
        ] {
            assert!(ServiceTime::read(&odd).is_err(), "{odd}");
        }
    }
}
