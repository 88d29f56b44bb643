//! The check on saving (contract, 6.5 and 6.6): a template has to parse, and every filter, test, function and method that it
//! names has to exist, also in branches that are not taken.

use minijinja::machinery::{Token, WhitespaceConfig, ast, parse, tokenize};
use minijinja::syntax::SyntaxConfig;

use super::engine::translate;
use super::{MAX_SOURCE, filters, now};

/// Filters of the engine.
pub(super) const FILTERS: &[&str] = &[
    "abs",
    "attr",
    "batch",
    "bool",
    "capitalize",
    "chain",
    "count",
    "d",
    "default",
    "dictsort",
    "e",
    "escape",
    "first",
    "float",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "pprint",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
    "urlencode",
    "zip",
];

/// Tests of the engine.
pub(super) const TESTS: &[&str] = &[
    "!=",
    "<",
    "<=",
    "==",
    ">",
    ">=",
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "equalto",
    "escaped",
    "even",
    "false",
    "filter",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "int",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "safe",
    "sameas",
    "sequence",
    "startingwith",
    "string",
    "test",
    "true",
    "undefined",
    "upper",
];

/// Functions; `loop` is one in a recursive loop.
const FUNCTIONS: &[&str] = &["range", "dict", "now", "loop"];

/// Methods of `loop`.
const LOOP_METHODS: &[&str] = &["cycle", "changed"];

/// Checks a template without rendering it.
///
/// # Errors
///
/// A message that begins with `Jinja error`.
pub fn check(source: &str) -> Result<(), String> {
    if source.len() > MAX_SOURCE {
        return Err(format!("Jinja error: longer than {MAX_SOURCE} bytes"));
    }
    let mut walk = Walk::default();
    walk.template(source)?;
    match walk.unknown.into_iter().next() {
        Some(unknown) => Err(format!("Jinja error: {unknown}")),
        None => Ok(()),
    }
}

/// The names of the env vars that a template speaks of, as far as they are written out; `*` if it takes all of them.
pub fn env_names(source: &str) -> Vec<String> {
    let mut walk = Walk::default();
    // what does not parse speaks of nothing
    let _ = walk.template(source);
    walk.env
}

/// Tokens of one block at most, and branches of one template: what is parsed is walked and dropped by recursion.
const MAX_TOKENS: usize = 1_000;
const MAX_BRANCHES: usize = 100;

/// Refuses expressions and chains of branches that would take more stack than there is.
fn bounded(source: &str) -> Result<(), String> {
    let (mut tokens, mut branches) = (0, 0);
    for token in tokenize(source, false, SyntaxConfig, WhitespaceConfig::default()) {
        match token {
            Ok((Token::VariableStart | Token::BlockStart, _)) => tokens = 0,
            Ok((Token::Ident("elif"), _)) => branches += 1,
            Ok(_) => tokens += 1,
            // the parser says it better
            Err(_) => return Ok(()),
        }
        if tokens > MAX_TOKENS || branches > MAX_BRANCHES {
            return Err("Jinja error: an expression or a chain of branches is too long".into());
        }
    }
    Ok(())
}

#[derive(Default)]
struct Walk {
    unknown: Vec<String>,
    env: Vec<String>,
}

impl Walk {
    fn template(&mut self, source: &str) -> Result<(), String> {
        let source = now::rewrite(source);
        bounded(&source)?;
        let parsed = parse(&source, "template", SyntaxConfig, WhitespaceConfig::default());
        let template = parsed.map_err(|error| translate(&error).to_string())?;
        self.statement(&template);
        Ok(())
    }

    fn known(&mut self, what: &str, name: &str, lists: &[&[&str]]) {
        if !lists.iter().any(|list| list.contains(&name)) {
            self.unknown.push(format!("there is no {what} {name}"));
        }
    }

    fn block(&mut self, statements: &[ast::Stmt<'_>]) {
        statements.iter().for_each(|statement| self.statement(statement));
    }

    fn statement(&mut self, statement: &ast::Stmt<'_>) {
        match statement {
            ast::Stmt::Template(inner) => self.block(&inner.children),
            ast::Stmt::EmitExpr(inner) => self.expression(&inner.expr),
            ast::Stmt::EmitRaw(_) => {}
            ast::Stmt::ForLoop(inner) => {
                self.expression(&inner.iter);
                inner.filter_expr.iter().for_each(|filter| self.expression(filter));
                self.block(&inner.body);
                self.block(&inner.else_body);
            }
            ast::Stmt::IfCond(inner) => {
                self.expression(&inner.expr);
                self.block(&inner.true_body);
                self.block(&inner.false_body);
            }
            ast::Stmt::WithBlock(inner) => {
                inner.assignments.iter().for_each(|(_, value)| self.expression(value));
                self.block(&inner.body);
            }
            ast::Stmt::Set(inner) => self.expression(&inner.expr),
            ast::Stmt::SetBlock(inner) => {
                inner.filter.iter().for_each(|filter| self.expression(filter));
                self.block(&inner.body);
            }
            ast::Stmt::AutoEscape(inner) => {
                self.expression(&inner.enabled);
                self.block(&inner.body);
            }
            ast::Stmt::FilterBlock(inner) => {
                self.expression(&inner.filter);
                self.block(&inner.body);
            }
            ast::Stmt::Do(inner) => self.call(&inner.call),
        }
    }

    fn expression(&mut self, expression: &ast::Expr<'_>) {
        match expression {
            ast::Expr::Var(inner) if inner.id == "env" => self.env.push("*".into()),
            ast::Expr::Var(_) | ast::Expr::Const(_) => {}
            ast::Expr::Slice(inner) => {
                self.expression(&inner.expr);
                [&inner.start, &inner.stop, &inner.step].into_iter().flatten().for_each(|part| self.expression(part));
            }
            ast::Expr::UnaryOp(inner) => self.expression(&inner.expr),
            ast::Expr::BinOp(inner) => {
                self.expression(&inner.left);
                self.expression(&inner.right);
            }
            ast::Expr::Compare(inner) => {
                self.expression(&inner.expr);
                inner.ops.iter().for_each(|operand| self.expression(&operand.expr));
            }
            ast::Expr::IfExpr(inner) => {
                self.expression(&inner.test_expr);
                self.expression(&inner.true_expr);
                inner.false_expr.iter().for_each(|other| self.expression(other));
            }
            ast::Expr::Filter(inner) => {
                self.known("filter", inner.name, &[FILTERS, filters::NAMES]);
                inner.expr.iter().for_each(|expr| self.expression(expr));
                self.arguments(&inner.args);
            }
            ast::Expr::Test(inner) => {
                self.known("test", inner.name, &[TESTS]);
                self.expression(&inner.expr);
                self.arguments(&inner.args);
            }
            ast::Expr::GetAttr(inner) => self.member(&inner.expr, Some(inner.name)),
            ast::Expr::GetItem(inner) => {
                let name = match &inner.subscript_expr {
                    ast::Expr::Const(key) => key.value.as_str(),
                    _ => None,
                };
                self.member(&inner.expr, name);
                self.expression(&inner.subscript_expr);
            }
            ast::Expr::Call(inner) => self.call(inner),
            ast::Expr::List(inner) => inner.items.iter().for_each(|item| self.expression(item)),
            ast::Expr::Map(inner) => inner.keys.iter().chain(&inner.values).for_each(|item| self.expression(item)),
        }
    }

    fn member(&mut self, of: &ast::Expr<'_>, name: Option<&str>) {
        match (of, name) {
            (ast::Expr::Var(var), Some(name)) if var.id == "env" => self.env.push(name.to_owned()),
            _ => self.expression(of),
        }
    }

    fn call(&mut self, call: &ast::Call<'_>) {
        match &call.expr {
            ast::Expr::Var(function) => self.known("function", function.id, &[FUNCTIONS]),
            ast::Expr::GetAttr(method) => {
                self.known("method", method.name, &[filters::METHODS, LOOP_METHODS]);
                self.expression(&method.expr);
            }
            other => self.expression(other),
        }
        self.arguments(&call.args);
    }

    fn arguments(&mut self, arguments: &[ast::CallArg<'_>]) {
        for argument in arguments {
            match argument {
                ast::CallArg::Pos(value)
                | ast::CallArg::Kwarg(_, value)
                | ast::CallArg::PosSplat(value)
                | ast::CallArg::KwargSplat(value) => self.expression(value),
            }
        }
    }
}
