//! The operators between two values, by Python's rules on whole numbers of 64 bits: what does not fit becomes a float,
//! but a power that does not fit is an error.

use super::MAX_TEXT;
use super::value::{Number, Value, cut};

/// The largest operand of a power.
const MAX_POWER: f64 = 4_000_000.0;

const BY_ZERO: &str = "division by zero";

/// An operator that calculates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    /// `//`
    Floor,
    /// `%`
    Modulo,
    Power,
}

/// An operator that compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    In,
    NotIn,
}

/// The result of a calculation.
pub(super) fn calculate(operator: Operator, left: Value, right: &Value) -> Result<Value, String> {
    match (operator, left, right) {
        (Operator::Add, Value::Text(left), Value::Text(right)) => Ok(Value::Text(left + right)),
        (Operator::Multiply, Value::Text(text), times) => repeat(&text, times),
        (Operator::Multiply, times, Value::Text(text)) => repeat(text, &times),
        (_, left, right) => match (left.number(), right.number()) {
            (Some(Number::Int(left)), Some(Number::Int(right))) => whole(operator, left, right),
            (Some(left), Some(right)) => broken(operator, left.float(), right.float()),
            _ => Err(format!("{} and {} cannot be calculated with", left.kind(), right.kind())),
        },
    }
}

fn repeat(text: &str, times: &Value) -> Result<Value, String> {
    let Some(Number::Int(times)) = times.number() else {
        return Err("a text is repeated a whole number of times".into());
    };
    let times = usize::try_from(times).unwrap_or(0);
    if text.chars().count().checked_mul(times).is_none_or(|length| length > MAX_TEXT) {
        return Err(format!("the text has more than {MAX_TEXT} characters"));
    }
    Ok(Value::Text(text.repeat(if text.is_empty() { 0 } else { times })))
}

fn whole(operator: Operator, left: i64, right: i64) -> Result<Value, String> {
    let exact = match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide => None,
        Operator::Floor | Operator::Modulo if right == 0 => return Err(BY_ZERO.into()),
        Operator::Floor => left.checked_div(right).map(|cut| {
            let (remains, against) = (left.wrapping_rem(right) != 0, (left < 0) != (right < 0));
            cut - i64::from(remains && against)
        }),
        Operator::Modulo => {
            let remainder = left.wrapping_rem(right);
            let against = remainder != 0 && (remainder < 0) != (right < 0);
            Some(if against { remainder + right } else { remainder })
        }
        Operator::Power => return whole_power(left, right),
    };
    exact.map_or_else(|| broken(operator, left as f64, right as f64), |exact| Ok(Value::Int(exact)))
}

fn whole_power(base: i64, exponent: i64) -> Result<Value, String> {
    if exponent < 0 || base.unsigned_abs() > MAX_POWER as u64 {
        return power(base as f64, exponent as f64);
    }
    let exponent = u32::try_from(exponent).ok().filter(|exponent| f64::from(*exponent) <= MAX_POWER);
    let exponent = exponent.ok_or("the operands of a power are too large")?;
    base.checked_pow(exponent).map(Value::Int).ok_or_else(|| "the power is too large".into())
}

fn broken(operator: Operator, left: f64, right: f64) -> Result<Value, String> {
    let value = match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Power => return power(left, right),
        Operator::Divide | Operator::Floor | Operator::Modulo if right == 0.0 => return Err(BY_ZERO.into()),
        Operator::Divide => left / right,
        Operator::Floor => divide(left, right).0,
        Operator::Modulo => divide(left, right).1,
    };
    Ok(Value::Float(value))
}

/// The quotient towards minus infinity and the remainder with the sign of the divisor, exact as CPython's.
fn divide(left: f64, right: f64) -> (f64, f64) {
    let mut remainder = left % right;
    let mut quotient = (left - remainder) / right;
    if remainder == 0.0 {
        remainder = 0.0_f64.copysign(right);
    } else if (right < 0.0) != (remainder < 0.0) {
        remainder += right;
        quotient -= 1.0;
    }
    let floor = quotient.floor();
    let floor = if quotient - floor > 0.5 { floor + 1.0 } else { floor };
    (if quotient == 0.0 { 0.0_f64.copysign(left / right) } else { floor }, remainder)
}

fn power(base: f64, exponent: f64) -> Result<Value, String> {
    if base.abs() > MAX_POWER || exponent.abs() > MAX_POWER {
        return Err("the operands of a power are too large".into());
    }
    if base == 0.0 && exponent < 0.0 {
        return Err(BY_ZERO.into());
    }
    if base < 0.0 && exponent.fract() != 0.0 {
        return Err("a root of a negative number is no number".into());
    }
    let power = base.powf(exponent);
    if power.is_infinite() { Err("the power is too large".into()) } else { Ok(Value::Float(power)) }
}

/// The result of a comparison.
pub(super) fn compare(comparison: Comparison, left: &Value, right: &Value) -> Result<bool, String> {
    match comparison {
        Comparison::Equal => return Ok(left.equals(right)),
        Comparison::Unequal => return Ok(!left.equals(right)),
        Comparison::In => return contains(left, right),
        Comparison::NotIn => return contains(left, right).map(|contained| !contained),
        _ => {}
    }
    let order = left.order(right).ok_or_else(|| format!("{} and {} have no order", left.kind(), right.kind()))?;
    Ok(order.is_some_and(|order| match comparison {
        Comparison::Less => order.is_lt(),
        Comparison::AtMost => order.is_le(),
        Comparison::Greater => order.is_gt(),
        _ => order.is_ge(),
    }))
}

fn contains(part: &Value, whole: &Value) -> Result<bool, String> {
    match (part, whole) {
        (Value::Text(part), Value::Text(whole)) => Ok(whole.contains(part.as_str())),
        _ => Err(format!("{} cannot be in {}", part.kind(), whole.kind())),
    }
}

/// The negative of a value.
pub(super) fn negate(value: &Value) -> Result<Value, String> {
    match value.number() {
        Some(Number::Int(number)) => Ok(number.checked_neg().map_or(Value::Float(-(number as f64)), Value::Int)),
        Some(Number::Float(number)) => Ok(Value::Float(-number)),
        None => Err(format!("{} has no sign", value.kind())),
    }
}

/// The value itself if it is a number, truth values as whole numbers.
pub(super) fn affirm(value: &Value) -> Result<Value, String> {
    match value.number() {
        Some(Number::Int(number)) => Ok(Value::Int(number)),
        Some(Number::Float(number)) => Ok(Value::Float(number)),
        None => Err(format!("{} has no sign", value.kind())),
    }
}

/// A whole number below the limit, drawn evenly by `drawn` (`0 <= drawn < 1`).
pub(super) fn below(limit: &Value, drawn: f64) -> Result<Value, String> {
    let number = limit.number().ok_or_else(|| format!("{} is not a number", limit.kind()))?;
    let product = drawn * number.float();
    match (number, cut(product)) {
        _ if !product.is_finite() => Err("there is no such limit".into()),
        // a limit beyond 2^53 may be rounded up
        (Number::Int(limit), cut) if limit > 0 => Ok(match cut {
            Value::Int(cut) => Value::Int(cut.min(limit - 1)),
            _ => Value::Int(limit - 1),
        }),
        (_, cut) => Ok(cut),
    }
}
