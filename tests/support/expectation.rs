//! How expectations of the bots' vectors are compared with what happened (bots contract, 12).

use regex::Regex;

use super::Value;

/// Why `actual` is not as expected, with the place; `None` when it is.
pub fn mismatch(expected: &Value, actual: Option<&Value>, at: &str) -> Option<String> {
    if let Some(special) = special(expected, actual) {
        return if special { None } else { Some(format!("{at}: expected {expected}, found {actual:?}")) };
    }
    let Some(actual) = actual else { return Some(format!("{at}: expected {expected}, found nothing")) };
    match (expected, actual) {
        (Value::Object(expected), Value::Object(found)) => {
            expected.iter().find_map(|(key, value)| mismatch(value, found.get(key), &format!("{at}.{key}")))
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            let each = expected.iter().zip(found).enumerate();
            each.into_iter().find_map(|(place, (one, other))| mismatch(one, Some(other), &format!("{at}[{place}]")))
        }
        (Value::Number(one), Value::Number(other)) if one.as_f64() == other.as_f64() => None,
        _ if expected == actual => None,
        _ => Some(format!("{at}: expected {expected}, found {actual}")),
    }
}

/// Whether each of `expected` is found in `actual`, each in another place, and nothing else is there.
pub fn in_any_order(expected: &[Value], actual: &[Value], at: &str) -> Option<String> {
    let mut left: Vec<&Value> = actual.iter().collect();
    for one in expected {
        match left.iter().position(|other| mismatch(one, Some(other), at).is_none()) {
            Some(place) => drop(left.remove(place)),
            None => return Some(format!("{at}: {one} is not among {actual:?}")),
        }
    }
    if left.is_empty() { None } else { Some(format!("{at}: nobody expected {left:?}")) }
}

/// The verdict of a `{"$…": …}`; `None` if it is no such thing.
fn special(expected: &Value, actual: Option<&Value>) -> Option<bool> {
    let (name, wanted) = expected.as_object().filter(|object| object.len() == 1)?.iter().next()?;
    let text = actual.and_then(Value::as_str);
    let verdict = match name.as_str() {
        "$type" => match wanted.as_str()? {
            "uuid" => text.is_some_and(|text| matches(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", text)),
            "datetime" => {
                text.is_some_and(|text| matches(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$", text))
            }
            "string" => text.is_some(),
            other => panic!("an unknown type {other}"),
        },
        "$nonempty" => {
            actual.and_then(Value::as_array).is_some_and(|list| !list.is_empty())
                || actual.and_then(Value::as_object).is_some_and(|object| !object.is_empty())
        }
        "$in" => wanted.as_array()?.iter().any(|one| mismatch(one, actual, "").is_none()),
        "$not" => mismatch(wanted, actual, "").is_some(),
        "$matches" => text.is_some_and(|text| matches(wanted.as_str().unwrap(), text)),
        "$secret" => text.is_none_or(|text| is_masked(wanted.as_str().unwrap(), text)),
        "$absent" => actual.is_none(),
        "$no_keyboard" => {
            actual.is_none_or(|markup| markup["remove_keyboard"] == true || markup["hide_keyboard"] == true)
        }
        "$contains_all" => {
            let found = actual.and_then(Value::as_array)?;
            let has = |one: &Value| found.iter().any(|other| mismatch(one, Some(other), "").is_none());
            wanted.as_array()?.iter().all(has)
        }
        "$today" => text.is_some_and(|text| is_today(wanted.as_str().unwrap(), text)),
        _ => return None,
    };
    Some(verdict)
}

fn matches(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).expect("a pattern of the vectors").is_match(text)
}

/// The text, or a form of it that hides most.
fn is_masked(secret: &str, text: &str) -> bool {
    text == secret || text.is_empty() || (text.contains('*') && text.trim_start_matches('*').len() <= 4)
}

/// Whether this is what today, or the day that has just ended, is called in this format.
fn is_today(format: &str, text: &str) -> bool {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let earlier = &now - jiff::Span::new().minutes(5);
    [now, earlier].iter().any(|at| at.strftime(format).to_string() == text)
}
