//! Variables that a handler sets (market, 10): typed, bounded, in three scopes.

use serde_json::{Map, Number, Value};

use crate::domain::bot::settings::{SetVariable, VariableKind};

/// Variables of one scope at most.
const MAX_VARIABLES: usize = 200;
/// Bytes of one value at most.
const MAX_VALUE: usize = 4 * 1024;

/// What a rendered text is as a variable of its kind.
pub(super) fn typed(kind: VariableKind, text: &str) -> Value {
    let text = text.trim();
    match kind {
        VariableKind::Text => Value::String(text.to_owned()),
        VariableKind::Number => number(text),
        VariableKind::Boolean => Value::Bool(matches!(text.to_lowercase().as_str(), "true" | "yes" | "1")),
        VariableKind::Json => serde_json::from_str(text).unwrap_or(Value::Null),
    }
}

/// The number that a text is, or null.
pub(super) fn number(text: &str) -> Value {
    let whole = text.parse::<i64>().ok().map(Value::from);
    let number = whole.or_else(|| Number::from_f64(text.parse().ok()?).map(Value::Number));
    number.unwrap_or(Value::Null)
}

/// Sets one.
///
/// # Errors
///
/// What is wrong: the value is too long, there are too many.
pub(super) fn set(scope: &mut Map<String, Value>, variable: &SetVariable, text: &str) -> Result<(), String> {
    if text.len() > MAX_VALUE {
        return Err(format!("{} is longer than {MAX_VALUE} bytes", variable.name));
    }
    if scope.len() >= MAX_VARIABLES && !scope.contains_key(&variable.name) {
        return Err(format!("more than {MAX_VARIABLES} variables"));
    }
    scope.insert(variable.name.clone(), typed(variable.kind, text));
    Ok(())
}
