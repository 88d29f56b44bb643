//! The expressions of scripts (contract, 9.3, 9.5, 10): what variables become, and which way a fork goes.
//!
//! A small language that reads like Python's expressions and has nothing that could surprise a server: no loops, no
//! assignments, no attributes, five functions. Three steps, each in its own file:
//!
//! 1. `token` turns the source into tokens and refuses the signs and words that the language does not have;
//! 2. `parse` builds the tree, a Pratt parser: what stands side by side on one level (`a + b - c`, `a < b < c`) becomes
//!    one flat node, so that only true nesting costs depth;
//! 3. `evaluate` walks the tree over a pool of variables; `arithmetic` has the rules of the operators, `value` what a
//!    value is, when it is true, and how it looks as text and in JSON.
//!
//! # What differs from Python
//!
//! Unknown names are `0.0`. A false result of `and` and `or` is always `False`. Integers have 64 bits: a literal, `+`,
//! `-`, `*`, `//` or `int()` that does not fit becomes a float, a power that does not fit is an error. What is infinite
//! or not a number can be compared, but not kept in the pool: JSON has no word for it. There are no comments, no slices,
//! no texts side by side, no triple quotes, no prefixes of texts, no `%` of texts, no `\N{…}`.
//!
//! # Limits
//!
//! [`MAX_SOURCE`], [`MAX_DEPTH`], [`MAX_STEPS`], [`MAX_TEXT`]: beyond them there is an error, never a panic, a long wait
//! or an overflow of the stack. Chance comes in as a function that draws `0 <= r < 1`; the same draws give the same
//! value.

mod arithmetic;
mod evaluate;
mod parse;
#[cfg(test)]
mod tests;
mod token;
mod value;

use std::fmt;

use serde_json::{Map, Value as Json};

use evaluate::Run;
use parse::Node;
pub use token::is_plain_name;
pub use value::Value;

/// The most characters of a source.
pub const MAX_SOURCE: usize = 10_000;
/// How deep parentheses, brackets, calls, prefixes, powers and choices may stand in each other; if many levels of
/// operators are mixed between them, the end comes sooner.
pub const MAX_DEPTH: usize = 64;
/// The most steps of an evaluation: one for each value that is worked out, and one more for each 64 bytes of its text.
pub const MAX_STEPS: usize = 100_000;
/// The most characters of a text.
pub const MAX_TEXT: usize = 100_000;

/// Where a fork leads when no rule holds: to the end of the script.
pub const NO_TARGET: i64 = -1;

/// What is wrong with an expression, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpressionError {
    /// The byte of the source at which it went wrong.
    pub at: usize,
    /// What went wrong, for the author of the script.
    pub message: String,
}

impl ExpressionError {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }

    /// The same, saying which of several expressions it was.
    fn of(self, whose: &str) -> Self {
        Self { message: format!("{whose}: {}", self.message), ..self }
    }
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at byte {})", self.message, self.at)
    }
}

impl std::error::Error for ExpressionError {}

/// An expression that was understood.
#[derive(Clone, Debug)]
pub struct Expression {
    root: Node,
    names: Vec<String>,
}

impl Expression {
    /// Understands a source; what the language refuses is refused here already, as far as it can be seen.
    pub fn parse(source: &str) -> Result<Self, ExpressionError> {
        let (root, names) = parse::parse(source)?;
        Ok(Self { root, names })
    }

    /// The variables that it reads, each once, in the order of the source.
    pub fn names(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }

    /// Works the value out. `dice` draws `0 <= r < 1`, once for each call of the two functions of chance.
    pub fn evaluate(
        &self,
        variables: &Map<String, Json>,
        dice: &mut dyn FnMut() -> f64,
    ) -> Result<Value, ExpressionError> {
        Run::new(variables, dice).value(&self.root)
    }
}

/// Parses and evaluates at once.
fn value_of(
    source: &str,
    variables: &Map<String, Json>,
    dice: &mut dyn FnMut() -> f64,
) -> Result<Value, ExpressionError> {
    Expression::parse(source)?.evaluate(variables, dice)
}

/// Carries out `variable_modifications`, pairs of a name and an expression, each with the pool as those before it left
/// it. One that fails changes nothing and is reported, its name first (contract, 9.5: B-EXPR-500).
pub fn apply(
    modifications: &[(String, String)],
    pool: &mut Map<String, Json>,
    dice: &mut dyn FnMut() -> f64,
) -> Vec<ExpressionError> {
    let mut errors = Vec::new();
    for (name, source) in modifications {
        match modified(name, source, pool, dice) {
            Ok(value) => {
                pool.insert(name.clone(), value);
            }
            Err(error) => errors.push(error.of(name)),
        }
    }
    errors
}

/// What the variable becomes.
fn modified(
    name: &str,
    source: &str,
    pool: &Map<String, Json>,
    dice: &mut dyn FnMut() -> f64,
) -> Result<Json, ExpressionError> {
    if !is_plain_name(name) {
        return Err(ExpressionError::new(0, "this is not the name of a variable"));
    }
    match value_of(source, pool, dice)? {
        Value::Float(number) if !number.is_finite() => {
            Err(ExpressionError::new(0, format!("the result is {}, which cannot be kept", value::float_text(number))))
        }
        value => Ok(value.to_json()),
    }
}

/// Decides a fork by `forking_rules`, pairs of a target and a condition: the target of the first condition that is true,
/// cut to an integer; [`NO_TARGET`] without one. A condition that fails counts as false, a target that fails as
/// [`NO_TARGET`]; both are reported, the number of the rule (from 1) first (contract, 9.5: B-EXPR-500).
pub fn choose_fork(
    rules: &[(String, String)],
    pool: &Map<String, Json>,
    dice: &mut dyn FnMut() -> f64,
) -> (i64, Vec<ExpressionError>) {
    let mut errors = Vec::new();
    for (number, (target, condition)) in (1..).zip(rules) {
        match value_of(condition, pool, dice) {
            Ok(value) if value.truthy() => {
                let target = target_of(target, pool, dice).unwrap_or_else(|error| {
                    errors.push(error.of(&format!("target {number}")));
                    NO_TARGET
                });
                return (target, errors);
            }
            Ok(_) => {}
            Err(error) => errors.push(error.of(&format!("condition {number}"))),
        }
    }
    (NO_TARGET, errors)
}

fn target_of(source: &str, pool: &Map<String, Json>, dice: &mut dyn FnMut() -> f64) -> Result<i64, ExpressionError> {
    match value_of(source, pool, dice)?.to_int() {
        Ok(Value::Int(target)) => Ok(target),
        Ok(_) => Err(ExpressionError::new(0, "the target is too large")),
        Err(message) => Err(ExpressionError::new(0, message)),
    }
}
