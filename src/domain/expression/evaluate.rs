//! Walking the tree. Nothing is kept between two evaluations; each value that is worked out costs steps.

use serde_json::{Map, Value as Json};

use super::arithmetic::{Comparison, Operator, affirm, below, calculate, compare, negate};
use super::parse::{Function, Links, Node, Prefix, Tree};
use super::value::{Number, Value};
use super::{ExpressionError, MAX_STEPS, MAX_TEXT};

type Outcome = Result<Value, ExpressionError>;

/// One evaluation.
pub(super) struct Run<'a> {
    variables: &'a Map<String, Json>,
    dice: &'a mut dyn FnMut() -> f64,
    steps: usize,
}

/// Says where a calculation failed.
fn at<T>(at: usize) -> impl Fn(T) -> ExpressionError
where
    String: From<T>,
{
    move |message| ExpressionError::new(at, message)
}

impl<'a> Run<'a> {
    pub(super) fn new(variables: &'a Map<String, Json>, dice: &'a mut dyn FnMut() -> f64) -> Self {
        Self { variables, dice, steps: 0 }
    }

    /// The steps so far.
    #[cfg(test)]
    pub(super) fn steps_so_far(&self) -> usize {
        self.steps
    }

    /// The value of a node, paid for.
    pub(super) fn value(&mut self, node: &Node) -> Outcome {
        let value = match &node.tree {
            Tree::Constant(value) => value.clone(),
            Tree::Variable(name) => self.variables.get(name).map_or(Value::Float(0.0), Value::from_json),
            Tree::Prefix(prefix, operand) => self.prefix(node.at, *prefix, operand)?,
            Tree::Calculation(first, links) => self.calculation(first, links)?,
            Tree::Comparison(first, links) => self.comparison(first, links)?,
            Tree::And(nodes) => self.decide(nodes, false)?,
            Tree::Or(nodes) => self.decide(nodes, true)?,
            Tree::Choice(nodes) => self.choice(nodes)?,
            Tree::Call(function, argument) => self.call(node.at, *function, argument.as_deref())?,
            Tree::Index(text, indices) => self.index(node.at, text, indices)?,
        };
        self.pay(node.at, &value)?;
        Ok(value)
    }

    /// Counts the steps of a value, and keeps texts within their limit.
    fn pay(&mut self, place: usize, value: &Value) -> Result<(), ExpressionError> {
        let length = if let Value::Text(text) = value { text.len() } else { 0 };
        self.steps += 1 + length / 64;
        if self.steps > MAX_STEPS {
            return Err(ExpressionError::new(place, format!("more than {MAX_STEPS} steps")));
        }
        match value {
            Value::Text(text) if length > MAX_TEXT && text.chars().count() > MAX_TEXT => {
                Err(ExpressionError::new(place, format!("the text has more than {MAX_TEXT} characters")))
            }
            _ => Ok(()),
        }
    }

    fn calculation(&mut self, first: &Node, links: &Links<Operator>) -> Outcome {
        let mut left = self.value(first)?;
        for (operator, place, right) in links {
            let right = self.value(right)?;
            left = calculate(*operator, left, &right).map_err(at(*place))?;
            self.pay(*place, &left)?;
        }
        Ok(left)
    }

    /// Each value is worked out once, and none after the first comparison that does not hold.
    fn comparison(&mut self, first: &Node, links: &Links<Comparison>) -> Outcome {
        let mut left = self.value(first)?;
        for (comparison, place, right) in links {
            let right = self.value(right)?;
            if !compare(*comparison, &left, &right).map_err(at(*place))? {
                return Ok(Value::Bool(false));
            }
            left = right;
        }
        Ok(Value::Bool(true))
    }

    fn choice(&mut self, [condition, then, otherwise]: &[Node; 3]) -> Outcome {
        let chosen = if self.value(condition)?.truthy() { then } else { otherwise };
        self.value(chosen)
    }

    /// The first operand that decides, or the last; `False` instead of anything else that counts as false.
    fn decide(&mut self, nodes: &[Node], decisive: bool) -> Outcome {
        let mut last = Value::Bool(false);
        for node in nodes {
            last = self.value(node)?;
            if last.truthy() == decisive {
                break;
            }
        }
        Ok(if last.truthy() { last } else { Value::Bool(false) })
    }

    fn prefix(&mut self, place: usize, prefix: Prefix, operand: &Node) -> Outcome {
        let value = self.value(operand)?;
        match prefix {
            Prefix::Minus => negate(&value).map_err(at(place)),
            Prefix::Plus => affirm(&value).map_err(at(place)),
            Prefix::Not => Ok(Value::Bool(!value.truthy())),
        }
    }

    fn call(&mut self, place: usize, function: Function, argument: Option<&Node>) -> Outcome {
        let argument = argument.map(|node| self.value(node)).transpose()?;
        let result = match (function, argument) {
            (Function::Draw, _) => Ok(Value::Float((self.dice)())),
            (Function::DrawBelow, limit) => below(&limit.unwrap_or(Value::Int(0)), (self.dice)()),
            (Function::Int, value) => value.unwrap_or(Value::Int(0)).to_int(),
            (Function::Float, value) => value.unwrap_or(Value::Int(0)).to_float(),
            (Function::Text, value) => Ok(Value::Text(value.map(|value| value.to_text()).unwrap_or_default())),
        };
        result.map_err(at(place))
    }

    /// A character of a text, counted from 0, or from the end below 0.
    fn index(&mut self, place: usize, text: &Node, indices: &[Node]) -> Outcome {
        let mut value = self.value(text)?;
        for node in indices {
            let index = self.value(node)?;
            let Value::Text(text) = &value else {
                return Err(ExpressionError::new(place, format!("{} has no characters", value.kind())));
            };
            let Some(Number::Int(index)) = index.number() else {
                return Err(ExpressionError::new(node.at, "characters are counted with whole numbers"));
            };
            let steps = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
            let found = if index < 0 { text.chars().rev().nth(steps - 1) } else { text.chars().nth(steps) };
            let found = found.ok_or_else(|| ExpressionError::new(node.at, "the text is shorter than that"))?;
            value = Value::Text(found.into());
        }
        Ok(value)
    }
}
