//! Hours: open or not, quiet or not, and when a hook fires next.

use serde_json::json;

use crate::domain::bot::hours;
use crate::domain::bot::settings::{Hours, Quiet, Schedule};
use crate::domain::time::{format, parse};

fn at(text: &str) -> i64 {
    parse(text).expect("an instant")
}

#[test]
fn people_are_there_by_the_zone_the_week_and_the_holidays() {
    let hours: Hours = serde_json::from_value(json!({
        "zone": "Europe/Madrid",
        "weekly": {"tuesday": [{"from": "09:00", "to": "13:00"}], "friday": [{"from": "22:00", "to": "02:00"}]},
        "holidays": ["01-01", "2030-01-08"],
    }))
    .expect("hours");
    let rows = [
        ("2030-01-15T08:00:00Z", true),
        ("2030-01-15T07:59:00Z", false),
        ("2030-01-15T12:00:00Z", false),
        ("2030-01-01T08:30:00Z", false),
        ("2030-01-08T08:30:00Z", false),
        ("2030-01-18T21:30:00Z", true),
        ("2030-01-19T00:30:00Z", true),
        ("2030-01-19T01:30:00Z", false),
    ];
    for (moment, open) in rows {
        assert_eq!(hours::is_open(&hours, at(moment)), open, "{moment}");
    }
    assert_eq!(hours::context(&hours, at("2030-01-15T08:00:00Z"))["time"], json!("09:00"));
}

#[test]
fn a_schedule_fires_at_its_times_and_waits_for_quiet_hours_to_end() {
    let schedule: Schedule =
        serde_json::from_value(json!({"zone": "UTC", "times": ["07:00", "18:00"], "weekdays": ["monday"]}))
            .expect("a schedule");
    let quiet: Quiet =
        serde_json::from_value(json!({"zone": "UTC", "from": "22:00", "to": "08:30"})).expect("quiet hours");
    let next = |quiet: Option<&Quiet>, now: &str| hours::next_due(&schedule, quiet, at(now)).map(format);
    // 2030-01-07 is a Monday
    assert_eq!(next(None, "2030-01-01T00:00:00Z").as_deref(), Some("2030-01-07T07:00:00Z"));
    assert_eq!(next(None, "2030-01-07T07:00:00Z").as_deref(), Some("2030-01-07T18:00:00Z"));
    assert_eq!(next(Some(&quiet), "2030-01-01T00:00:00Z").as_deref(), Some("2030-01-07T08:30:00Z"));
    assert_eq!(format(hours::after_quiet(&quiet, at("2030-01-01T23:00:00Z"))), "2030-01-02T08:30:00Z");
    let once = Schedule { once: Some("2030-02-01T10:00".into()), ..Schedule::default() };
    assert_eq!(
        hours::next_due(&once, None, at("2030-01-01T00:00:00Z")).map(format).as_deref(),
        Some("2030-02-01T10:00:00Z")
    );
    assert_eq!(hours::next_due(&once, None, at("2030-03-01T00:00:00Z")), None);
}
