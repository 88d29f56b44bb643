//! From characters to tokens: constants, names, and the signs between them. What the language does not have is refused
//! here, with the reason.

use super::value::{Value, ungrouped};
use super::{ExpressionError, MAX_SOURCE};

const BITS: &str = "there are no operators on bits";
const ASSIGNMENT: &str = "nothing is assigned here; to compare, write ==";
const LISTS: &str = "there are no lists, tuples and further arguments";
const SETS: &str = "there are no sets and dictionaries";
const STRANGE: &str = "this sign has no meaning here";

/// The signs, the longer first, each with the reason why it is refused; those without one are the language's.
const SIGNS: &[(&str, &str)] = &[
    ("**", ""),
    ("//", ""),
    ("==", ""),
    ("!=", ""),
    ("<=", ""),
    (">=", ""),
    ("<<", BITS),
    (">>", BITS),
    (":=", ASSIGNMENT),
    ("+", ""),
    ("-", ""),
    ("*", ""),
    ("/", ""),
    ("%", ""),
    ("<", ""),
    (">", ""),
    ("(", ""),
    (")", ""),
    ("[", ""),
    ("]", ""),
    ("&", BITS),
    ("|", BITS),
    ("^", "there are no operators on bits; a power is written **"),
    ("~", BITS),
    ("@", "there are no matrices"),
    ("=", ASSIGNMENT),
    (";", "there is only one expression"),
    (",", LISTS),
    ("{", SETS),
    ("}", SETS),
    (":", "there are no slices and dictionaries"),
    (".", "there are no attributes"),
    ("#", "there are no comments"),
    ("\n", "there is only one expression; lines may be broken within parentheses"),
    ("\r", "there is only one expression; lines may be broken within parentheses"),
];

/// The words that are signs.
const WORDS: &[&str] = &["and", "or", "not", "in", "if", "else"];

/// The words that Python keeps to itself and this language does not have.
const RESERVED: &[&str] = &[
    "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "except", "finally", "for",
    "from", "global", "import", "is", "lambda", "nonlocal", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// What a token is.
#[derive(Debug)]
pub(super) enum Kind {
    /// A number, a text, or one of the three words that are values.
    Constant(Value),
    /// The name of a variable or function.
    Name(String),
    /// An operator, a word of the language, or a parenthesis.
    Sign(&'static str),
}

/// A token and the byte at which it begins.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) at: usize,
    pub(super) kind: Kind,
}

/// Whether this can be the name of a variable: letters of any alphabet, digits and `_`, no digit first, no word of the
/// language.
pub fn is_plain_name(name: &str) -> bool {
    name.starts_with(begins_name) && name.chars().all(continues_name) && !is_word(name)
}

fn is_word(name: &str) -> bool {
    constant(name).is_some() || WORDS.contains(&name) || RESERVED.contains(&name)
}

fn constant(name: &str) -> Option<Value> {
    match name {
        "True" => Some(Value::Bool(true)),
        "False" => Some(Value::Bool(false)),
        "None" => Some(Value::None),
        _ => None,
    }
}

fn begins_name(character: char) -> bool {
    character.is_alphabetic() || character == '_'
}

/// Letters, digits of any script, and the marks without which some scripts cannot be written; no `²` and no `½`.
fn continues_name(character: char) -> bool {
    let is_digit = |c: char| c.is_numeric() && !matches!(c, '\0'..='\u{65F}' | '\u{2000}'..='\u{33FF}');
    begins_name(character) || character.is_ascii_digit() || is_digit(character) || is_mark(character)
}

/// Accents that stand alone, and of the scripts of India and South-East Asia what makes vowels silent, dots and tones.
fn is_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36F}' | '\u{E38}'..='\u{E3A}' | '\u{E47}'..='\u{E4E}' | '\u{EC8}'..='\u{ECE}')
        || matches!(character, '\u{1037}'..='\u{103A}' | '\u{17D2}' | '\u{DCA}')
        || (matches!(character, '\u{900}'..='\u{D7F}') && matches!(u32::from(character) % 0x80, 0x3C | 0x4D))
}

/// All tokens of a source.
pub(super) fn tokens(source: &str) -> Result<Vec<Token>, ExpressionError> {
    if source.chars().count() > MAX_SOURCE {
        return Err(ExpressionError::new(0, format!("at most {MAX_SOURCE} characters")));
    }
    let at = source.len() - source.trim_start().len();
    let mut lexer = Lexer { source: source.trim_end(), at, open: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.token()? {
        tokens.push(token);
    }
    Ok(tokens)
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    /// How many parentheses and brackets are open: within them, lines may be broken.
    open: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Takes the characters that pass.
    fn take(&mut self, passes: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = rest.split_once(|c| !passes(c)).map_or(rest, |(taken, _)| taken);
        self.at += taken.len();
        taken
    }

    fn token(&mut self) -> Result<Option<Token>, ExpressionError> {
        let open = self.open > 0;
        self.take(|c| matches!(c, ' ' | '\t' | '\x0C') || open && matches!(c, '\n' | '\r'));
        let at = self.at;
        let Some(first) = self.peek() else { return Ok(None) };
        let fraction =
            || self.rest().strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let kind = match first {
            '0'..='9' => Kind::Constant(self.number()?),
            '.' if fraction() => Kind::Constant(self.number()?),
            '"' | '\'' => Kind::Constant(self.text(first)?),
            _ if begins_name(first) => self.word()?,
            _ => Kind::Sign(self.sign()?),
        };
        Ok(Some(Token { at, kind }))
    }

    fn sign(&mut self) -> Result<&'static str, ExpressionError> {
        let found = SIGNS.iter().find(|(sign, _)| self.rest().starts_with(sign));
        match found {
            Some((sign, "")) => {
                self.at += sign.len();
                match *sign {
                    "(" | "[" => self.open += 1,
                    ")" | "]" => self.open = self.open.saturating_sub(1),
                    _ => {}
                }
                Ok(sign)
            }
            refused => Err(ExpressionError::new(self.at, refused.map_or(STRANGE, |(_, reason)| reason))),
        }
    }

    fn word(&mut self) -> Result<Kind, ExpressionError> {
        let at = self.at;
        let word = self.take(continues_name);
        if RESERVED.contains(&word) {
            return Err(ExpressionError::new(at, format!("`{word}` is a reserved word")));
        }
        if let Some(value) = constant(word) {
            return Ok(Kind::Constant(value));
        }
        let sign = WORDS.iter().find(|sign| **sign == word);
        Ok(sign.map_or_else(|| Kind::Name(word.to_owned()), |sign| Kind::Sign(sign)))
    }

    fn number(&mut self) -> Result<Value, ExpressionError> {
        let at = self.at;
        let radix = match self.rest().as_bytes() {
            [b'0', b'x' | b'X', ..] => 16,
            [b'0', b'o' | b'O', ..] => 8,
            [b'0', b'b' | b'B', ..] => 2,
            _ => 10,
        };
        let value = if radix == 10 { self.decimal() } else { self.whole(radix) };
        let ends = !self.peek().is_some_and(|c| continues_name(c) || c == '"' || c == '\'');
        value.filter(|_| ends).ok_or_else(|| ExpressionError::new(at, "this is not a number"))
    }

    /// A number with a prefix, such as `0x1F`.
    fn whole(&mut self, radix: u32) -> Option<Value> {
        self.at += 2;
        let digits = self.take(|c| c.is_digit(radix) || c == '_');
        let digits = ungrouped(digits.strip_prefix('_').unwrap_or(digits), radix)?;
        let near = || {
            digits.chars().filter_map(|c| c.to_digit(radix)).fold(0.0, |sum, c| sum * f64::from(radix) + f64::from(c))
        };
        (!digits.is_empty())
            .then(|| i64::from_str_radix(&digits, radix).map_or_else(|_| Value::Float(near()), Value::Int))
    }

    /// A number with or without a fraction and an exponent.
    fn decimal(&mut self) -> Option<Value> {
        let at = self.at;
        let is_digit = |c: char| c.is_ascii_digit() || c == '_';
        let whole = self.take(is_digit);
        let mut is_float = false;
        if self.peek() == Some('.') {
            is_float = true;
            self.next();
            self.take(is_digit);
        }
        let exponent = self.rest().strip_prefix(['e', 'E']);
        let unsigned = exponent.map(|exponent| exponent.strip_prefix(['+', '-']).unwrap_or(exponent));
        if let Some(unsigned) = unsigned.filter(|digits| digits.starts_with(|c: char| c.is_ascii_digit())) {
            is_float = true;
            self.at = self.source.len() - unsigned.len();
            self.take(is_digit);
        }
        let leads_with_zero = whole.starts_with('0') && whole.contains(|c| matches!(c, '1'..='9'));
        if leads_with_zero && !is_float {
            return None;
        }
        let number = ungrouped(self.source.get(at..self.at)?, 10)?;
        let whole = number.parse().ok().filter(|_| !is_float);
        whole.map(Value::Int).or_else(|| number.parse().ok().map(Value::Float))
    }

    fn text(&mut self, quote: char) -> Result<Value, ExpressionError> {
        let at = self.at;
        self.next();
        let mut text = String::new();
        loop {
            let here = self.at;
            match self.next() {
                None | Some('\n' | '\r') => return Err(ExpressionError::new(at, "the text does not end")),
                Some('\\') => text.extend(self.escape(here)?),
                Some(end) if end == quote => break,
                Some(character) => text.push(character),
            }
        }
        if self.peek().is_some_and(|c| c == '"' || c == '\'') {
            return Err(ExpressionError::new(self.at, "texts side by side are joined with +"));
        }
        Ok(Value::Text(text))
    }

    /// What stands after a backslash: one character, or two if it means nothing.
    fn escape(&mut self, at: usize) -> Result<impl Iterator<Item = char> + use<>, ExpressionError> {
        let wrong = |message: &str| ExpressionError::new(at, message);
        let code = match self.peek() {
            // the text does not end, as its reader will see
            None | Some('\n' | '\r') => return Ok(None.into_iter().chain(None)),
            Some('N') => return Err(wrong("characters are not known by name here")),
            Some('0'..='7') => self.code(1, 3, 8),
            Some('x') => self.marked_code(2),
            Some('u') => self.marked_code(4),
            Some('U') => self.marked_code(8),
            Some(other) => {
                self.next();
                let meant = escaped(other);
                return Ok(meant.is_none().then_some('\\').into_iter().chain(Some(meant.unwrap_or(other))));
            }
        };
        let code = code.and_then(char::from_u32).ok_or_else(|| wrong("this escape names no character"))?;
        Ok(None.into_iter().chain(Some(code)))
    }

    fn marked_code(&mut self, digits: usize) -> Option<u32> {
        self.next();
        self.code(digits, digits, 16)
    }

    fn code(&mut self, least: usize, most: usize, radix: u32) -> Option<u32> {
        let digits = self.rest().chars().take(most).take_while(|c| c.is_digit(radix)).count();
        let code = self.rest().get(..digits).filter(|_| digits >= least)?;
        self.at += digits;
        u32::from_str_radix(code, radix).ok()
    }
}

/// What the letter after a backslash stands for.
fn escaped(letter: char) -> Option<char> {
    Some(match letter {
        '\\' | '\'' | '"' => letter,
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0C',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0B',
        _ => return None,
    })
}
