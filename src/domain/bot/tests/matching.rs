//! How an outcome is compared with what a scenario expects (contract, 12).

use regex::Regex;
use serde_json::{Map, Value};

/// Why `actual` is not what is expected; none if it is.
pub(super) fn mismatch(expected: &Value, actual: Option<&Value>, path: &str) -> Option<String> {
    let complain = || Some(format!("{path}: expected {expected}, was {}", actual.unwrap_or(&Value::Null)));
    if let Some((key, argument)) = special(expected) {
        let holds = match (key, actual) {
            ("$absent" | "$no_keyboard", actual) => actual.is_none_or(|value| value.is_null()),
            ("$nonempty", Some(actual)) => actual.as_array().is_some_and(|list| !list.is_empty()),
            ("$in", actual) => {
                argument.as_array().is_some_and(|all| all.iter().any(|one| mismatch(one, actual, path).is_none()))
            }
            ("$not", actual) => mismatch(argument, actual, path).is_some(),
            ("$matches", Some(Value::String(text))) => Regex::new(argument.as_str().unwrap()).unwrap().is_match(text),
            ("$contains_all", Some(Value::Array(list))) => argument.as_array().is_some_and(|all| {
                all.iter().all(|one| list.iter().any(|item| mismatch(one, Some(item), path).is_none()))
            }),
            ("$today", Some(Value::String(text))) => !text.is_empty(),
            ("$type" | "$secret", _) => true,
            _ => false,
        };
        return if holds { None } else { complain() };
    }
    match (expected, actual) {
        (Value::Object(wanted), Some(Value::Object(found))) => {
            wanted.iter().find_map(|(key, value)| mismatch(value, found.get(key), &format!("{path}.{key}")))
        }
        (Value::Array(wanted), Some(Value::Array(found))) => {
            if wanted.len() != found.len() {
                return complain();
            }
            let pairs = wanted.iter().zip(found).enumerate();
            pairs.into_iter().find_map(|(at, (one, other))| mismatch(one, Some(other), &format!("{path}[{at}]")))
        }
        (expected, Some(actual)) if expected == actual => None,
        (Value::Null, None) => None,
        _ => complain(),
    }
}

fn special(expected: &Value) -> Option<(&str, &Value)> {
    let object: &Map<String, Value> = expected.as_object().filter(|object| object.len() == 1)?;
    object.iter().next().filter(|(key, _)| key.starts_with('$')).map(|(key, value)| (key.as_str(), value))
}
