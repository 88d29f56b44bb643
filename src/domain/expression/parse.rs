//! From tokens to a tree: a Pratt parser. Each level of precedence is a number, the tighter the higher.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::vec::IntoIter;

use super::arithmetic::{Comparison, Operator};
use super::token::{Kind, Token, tokens};
use super::value::Value;
use super::{ExpressionError, MAX_DEPTH};

/// How deep operators of different levels may stand in each other, whatever it is that nests them: the stack pays for it.
const MAX_HEIGHT: usize = 160;

const CHOICE: u8 = 1;
const OR: u8 = 2;
const AND: u8 = 3;
const NOT: u8 = 4;
const COMPARISON: u8 = 5;
const SUM: u8 = 6;
const PRODUCT: u8 = 7;
const SIGNED: u8 = 8;
const POWER: u8 = 9;
const INDEX: u8 = 10;

/// A node of the tree and the byte at which it can go wrong.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) at: usize,
    pub(super) tree: Tree,
    /// How many nodes stand in each other from here on.
    height: usize,
}

impl Node {
    fn new(at: usize, tree: Tree) -> Parsed {
        let height = 1 + tree.height();
        if height > MAX_HEIGHT { Err(too_deep(at)) } else { Ok(Self { at, tree, height }) }
    }
}

fn too_deep(at: usize) -> ExpressionError {
    ExpressionError::new(at, "too much stands within each other")
}

/// What comes after the first operand of a flat node: operators, where they stand, and their right sides.
pub(super) type Links<T> = Vec<(T, usize, Node)>;

/// The forms of an expression.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    Constant(Value),
    Variable(String),
    Prefix(Prefix, Box<Node>),
    /// Operators of one level, from left to right.
    Calculation(Box<Node>, Links<Operator>),
    /// A chain of comparisons.
    Comparison(Box<Node>, Links<Comparison>),
    And(Vec<Node>),
    Or(Vec<Node>),
    /// The condition, what holds if it is true, what holds otherwise.
    Choice(Box<[Node; 3]>),
    Call(Function, Option<Box<Node>>),
    /// A text, and one index after the other.
    Index(Box<Node>, Vec<Node>),
}

impl Tree {
    /// The height of the highest node directly below.
    fn height(&self) -> usize {
        fn highest<'a>(nodes: impl IntoIterator<Item = &'a Node>) -> usize {
            nodes.into_iter().map(|node| node.height).max().unwrap_or(0)
        }
        match self {
            Tree::Constant(_) | Tree::Variable(_) => 0,
            Tree::Prefix(_, node) => node.height,
            Tree::Calculation(first, links) => first.height.max(highest(links.iter().map(|(_, _, node)| node))),
            Tree::Comparison(first, links) => first.height.max(highest(links.iter().map(|(_, _, node)| node))),
            Tree::And(nodes) | Tree::Or(nodes) => highest(nodes),
            Tree::Choice(nodes) => highest(&**nodes),
            Tree::Call(_, argument) => highest(argument.as_deref()),
            Tree::Index(text, indices) => text.height.max(highest(indices)),
        }
    }
}

/// An operator with one operand.
#[derive(Clone, Copy, Debug)]
pub(super) enum Prefix {
    Plus,
    Minus,
    Not,
}

/// A function.
#[derive(Clone, Copy, Debug)]
pub(super) enum Function {
    /// A float below 1.
    Draw,
    /// A whole number below another.
    DrawBelow,
    Int,
    Float,
    Text,
}

impl Function {
    /// The function of that name, and the least and most arguments.
    fn named(name: &str) -> Option<(Self, usize, usize)> {
        Some(match name {
            "rand" => (Function::Draw, 0, 0),
            "randint" => (Function::DrawBelow, 1, 1),
            "int" => (Function::Int, 0, 1),
            "float" => (Function::Float, 0, 1),
            "str" => (Function::Text, 0, 1),
            _ => return None,
        })
    }
}

type Parsed = Result<Node, ExpressionError>;

/// The tree of a source, and the variables in it.
pub(super) fn parse(source: &str) -> Result<(Node, Vec<String>), ExpressionError> {
    let tokens = tokens(source)?.into_iter().peekable();
    let mut parser = Parser { tokens, end: source.trim_end().len(), depth: 0, running: 0, names: Vec::new() };
    let root = parser.expression(CHOICE)?;
    match parser.tokens.peek() {
        None => {
            let mut seen = BTreeSet::new();
            parser.names.retain(|name| seen.insert(name.clone()));
            Ok((root, parser.names))
        }
        Some(Token { at, kind: Kind::Sign(sign) }) => Err(ExpressionError::new(*at, format!("unexpected `{sign}`"))),
        Some(Token { at, .. }) => Err(ExpressionError::new(*at, "an operator is missing")),
    }
}

struct Parser {
    tokens: Peekable<IntoIter<Token>>,
    /// Where the source ends, for what is missing there.
    end: usize,
    /// How many parentheses and the like are open.
    depth: usize,
    /// How many expressions are being read.
    running: usize,
    names: Vec<String>,
}

impl Parser {
    fn at(&mut self) -> usize {
        self.tokens.peek().map_or(self.end, |token| token.at)
    }

    fn sign(&mut self) -> Option<&'static str> {
        match self.tokens.peek() {
            Some(Token { kind: Kind::Sign(sign), .. }) => Some(sign),
            _ => None,
        }
    }

    /// Takes this sign if it comes now.
    fn take(&mut self, sign: &str) -> bool {
        let comes = self.sign() == Some(sign);
        if comes {
            self.tokens.next();
        }
        comes
    }

    fn demand(&mut self, sign: &str) -> Result<(), ExpressionError> {
        let at = self.at();
        if self.take(sign) { Ok(()) } else { Err(ExpressionError::new(at, format!("`{sign}` is missing"))) }
    }

    /// Takes the operators of a table for as long as they come, each with its right side of the given level.
    fn links<T>(&mut self, table: fn(&str) -> Option<T>, level: u8) -> Result<Links<T>, ExpressionError> {
        let mut links = Vec::new();
        while let Some((sign, operator)) = self.sign().and_then(|sign| Some((sign, table(sign)?))) {
            let at = self.at();
            self.tokens.next();
            if sign == "not" {
                self.demand("in")?;
            }
            links.push((operator, at, self.expression(level)?));
        }
        Ok(links)
    }

    /// An expression that stands inside another.
    fn nested(&mut self, least: u8) -> Parsed {
        if self.depth == MAX_DEPTH {
            return Err(too_deep(self.at()));
        }
        self.depth += 1;
        let node = self.expression(least);
        self.depth -= 1;
        node
    }

    /// An expression whose operators are of at least this level.
    fn expression(&mut self, least: u8) -> Parsed {
        if self.running == MAX_HEIGHT {
            return Err(too_deep(self.at()));
        }
        self.running += 1;
        let node = self.operators(least);
        self.running -= 1;
        node
    }

    fn operators(&mut self, least: u8) -> Parsed {
        let mut left = self.operand(least)?;
        while let Some(level) = self.sign().and_then(level).filter(|level| *level >= least) {
            let at = self.at();
            let tree = match level {
                CHOICE => self.choice(left)?,
                OR => Tree::Or(self.alike(left, "or", AND)?),
                AND => Tree::And(self.alike(left, "and", NOT)?),
                COMPARISON => Tree::Comparison(Box::new(left), self.links(comparison, SUM)?),
                SUM => Tree::Calculation(Box::new(left), self.links(sum, PRODUCT)?),
                PRODUCT => Tree::Calculation(Box::new(left), self.links(product, SIGNED)?),
                POWER => {
                    self.tokens.next();
                    Tree::Calculation(Box::new(left), vec![(Operator::Power, at, self.nested(SIGNED)?)])
                }
                _ => self.indices(left)?,
            };
            left = Node::new(at, tree)?;
        }
        Ok(left)
    }

    /// What stands between operators, with the signs before it.
    fn operand(&mut self, least: u8) -> Parsed {
        let at = self.at();
        let tree = match self.tokens.next().map(|token| token.kind) {
            Some(Kind::Constant(value)) => Tree::Constant(value),
            Some(Kind::Name(name)) if self.take("(") => self.call(at, &name)?,
            Some(Kind::Name(name)) => {
                self.names.push(name.clone());
                Tree::Variable(name)
            }
            Some(Kind::Sign("-")) => Tree::Prefix(Prefix::Minus, Box::new(self.nested(SIGNED)?)),
            Some(Kind::Sign("+")) => Tree::Prefix(Prefix::Plus, Box::new(self.nested(SIGNED)?)),
            Some(Kind::Sign("not")) if least <= NOT => Tree::Prefix(Prefix::Not, Box::new(self.nested(NOT)?)),
            Some(Kind::Sign("(")) => {
                let inner = self.nested(CHOICE)?;
                self.demand(")")?;
                return Ok(inner);
            }
            Some(Kind::Sign("[")) => return Err(ExpressionError::new(at, "there are no lists")),
            Some(Kind::Sign(sign)) => return Err(ExpressionError::new(at, format!("unexpected `{sign}`"))),
            None => return Err(ExpressionError::new(at, "an expression is missing")),
        };
        Node::new(at, tree)
    }

    fn call(&mut self, at: usize, name: &str) -> Result<Tree, ExpressionError> {
        let Some((function, least, most)) = Function::named(name) else {
            return Err(ExpressionError::new(at, format!("there is no function `{name}`")));
        };
        let argument = if self.sign() == Some(")") { None } else { Some(Box::new(self.nested(CHOICE)?)) };
        self.demand(")")?;
        if !(least..=most).contains(&usize::from(argument.is_some())) {
            return Err(ExpressionError::new(at, format!("`{name}` takes {most} arguments")));
        }
        Ok(Tree::Call(function, argument))
    }

    fn choice(&mut self, then: Node) -> Result<Tree, ExpressionError> {
        self.tokens.next();
        let condition = self.expression(OR)?;
        self.demand("else")?;
        let otherwise = self.nested(CHOICE)?;
        Ok(Tree::Choice(Box::new([condition, then, otherwise])))
    }

    /// Operands with the same word between them.
    fn alike(&mut self, first: Node, word: &str, level: u8) -> Result<Vec<Node>, ExpressionError> {
        let mut nodes = vec![first];
        while self.take(word) {
            nodes.push(self.expression(level)?);
        }
        Ok(nodes)
    }

    fn indices(&mut self, text: Node) -> Result<Tree, ExpressionError> {
        let mut indices = Vec::new();
        while self.take("[") {
            indices.push(self.nested(CHOICE)?);
            self.demand("]")?;
        }
        Ok(Tree::Index(Box::new(text), indices))
    }
}

/// The level of a sign that stands after an operand.
fn level(sign: &str) -> Option<u8> {
    Some(match sign {
        "if" => CHOICE,
        "or" => OR,
        "and" => AND,
        "**" => POWER,
        "[" => INDEX,
        _ if comparison(sign).is_some() => COMPARISON,
        _ if sum(sign).is_some() => SUM,
        _ if product(sign).is_some() => PRODUCT,
        _ => return None,
    })
}

fn sum(sign: &str) -> Option<Operator> {
    Some(match sign {
        "+" => Operator::Add,
        "-" => Operator::Subtract,
        _ => return None,
    })
}

fn product(sign: &str) -> Option<Operator> {
    Some(match sign {
        "*" => Operator::Multiply,
        "/" => Operator::Divide,
        "//" => Operator::Floor,
        "%" => Operator::Modulo,
        _ => return None,
    })
}

fn comparison(sign: &str) -> Option<Comparison> {
    Some(match sign {
        "==" => Comparison::Equal,
        "!=" => Comparison::Unequal,
        "<" => Comparison::Less,
        "<=" => Comparison::AtMost,
        ">" => Comparison::Greater,
        ">=" => Comparison::AtLeast,
        "in" => Comparison::In,
        // followed by `in`
        "not" => Comparison::NotIn,
        _ => return None,
    })
}
