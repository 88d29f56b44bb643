//! Python literals, as far as keyboards need them (bots contract, 7.1): lists, tuples, strings, numbers, `True False None`.
//! No names, operators or calls.

/// Bytes of a literal at most.
pub(super) const MAX_BYTES: usize = 16 * 1024;
const MAX_DEPTH: usize = 16;
const MAX_ELEMENTS: usize = 100;

/// A literal.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    List(Vec<Literal>),
    Tuple(Vec<Literal>),
    Text(String),
    /// As it was written.
    Number(String),
    True,
    False,
    None,
}

/// Reads one literal with nothing after it.
pub(super) fn parse(source: &str) -> Result<Literal, String> {
    if source.len() > MAX_BYTES {
        return Err(format!("longer than {MAX_BYTES} bytes"));
    }
    let mut reader = Reader { chars: source.chars().collect(), at: 0, elements: 0 };
    let mut value = reader.value(0)?;
    if reader.peek() == Some(',') {
        // what stands between commas without parentheses is a tuple too
        value = Literal::Tuple(reader.rest_of_tuple(value)?);
    }
    match reader.peek() {
        None => Ok(value),
        Some(other) => Err(reader.unexpected(other)),
    }
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    elements: usize,
}

impl Reader {
    /// The next character that is no space.
    fn peek(&mut self) -> Option<char> {
        while self.chars.get(self.at).is_some_and(|char| char.is_whitespace()) {
            self.at += 1;
        }
        self.chars.get(self.at).copied()
    }

    fn unexpected(&self, char: char) -> String {
        format!("unexpected {char:?} at character {}", self.at + 1)
    }

    fn value(&mut self, depth: usize) -> Result<Literal, String> {
        if depth > MAX_DEPTH {
            return Err(format!("nested more than {MAX_DEPTH} deep"));
        }
        match self.peek() {
            None => Err("it ends in mid-value".into()),
            Some('[') => Ok(Literal::List(self.members(']', depth)?.0)),
            Some('(') => {
                let (mut members, comma) = self.members(')', depth)?;
                // a single value in parentheses is that value
                match members.pop() {
                    Some(only) if members.is_empty() && !comma => Ok(only),
                    last => {
                        members.extend(last);
                        Ok(Literal::Tuple(members))
                    }
                }
            }
            Some('"' | '\'') => self.strings(),
            Some(char) if char.is_ascii_digit() || "+-.".contains(char) => self.number(),
            Some(char) if char.is_alphabetic() || char == '_' => self.word(),
            Some(other) => Err(self.unexpected(other)),
        }
    }

    /// Members up to `close`, and whether a comma stood after the last.
    fn members(&mut self, close: char, depth: usize) -> Result<(Vec<Literal>, bool), String> {
        self.at += 1;
        let (mut members, mut comma) = (Vec::new(), false);
        loop {
            match self.peek() {
                None => return Err(format!("it ends before {close:?}")),
                Some(char) if char == close => {
                    self.at += 1;
                    return Ok((members, comma));
                }
                Some(char) if !members.is_empty() && !comma => return Err(self.unexpected(char)),
                Some(_) => {}
            }
            members.push(self.member(depth)?);
            comma = self.comma();
        }
    }

    fn member(&mut self, depth: usize) -> Result<Literal, String> {
        self.elements += 1;
        if self.elements > MAX_ELEMENTS * 4 {
            return Err("too many values".into());
        }
        self.value(depth + 1)
    }

    fn comma(&mut self) -> bool {
        let comma = self.peek() == Some(',');
        self.at += usize::from(comma);
        comma
    }

    fn rest_of_tuple(&mut self, first: Literal) -> Result<Vec<Literal>, String> {
        let mut members = vec![first];
        while self.comma() && self.peek().is_some() {
            members.push(self.member(0)?);
        }
        Ok(members)
    }

    fn number(&mut self) -> Result<Literal, String> {
        let start = self.at;
        while self.chars.get(self.at).is_some_and(|char| char.is_ascii_alphanumeric() || "+-._".contains(*char)) {
            self.at += 1;
        }
        let text: String = self.chars.iter().skip(start).take(self.at - start).collect();
        let digits = text.trim_start_matches(['+', '-']).chars().all(|char| char.is_ascii_digit() || char == '_');
        let float =
            !text.contains('_') && text.chars().any(|char| char.is_ascii_digit()) && text.parse::<f64>().is_ok();
        if digits && text.len() <= 40 && text.chars().any(|char| char.is_ascii_digit()) {
            return Ok(Literal::Number(text.replace('_', "").trim_start_matches('+').to_owned()));
        }
        if float { Ok(Literal::Number(text)) } else { Err(format!("{text:?} is no number")) }
    }

    fn word(&mut self) -> Result<Literal, String> {
        let start = self.at;
        while self.chars.get(self.at).is_some_and(|char| char.is_alphanumeric() || *char == '_') {
            self.at += 1;
        }
        let word: String = self.chars.iter().skip(start).take(self.at - start).collect();
        let quoted = matches!(self.chars.get(self.at), Some('"' | '\''));
        match word.as_str() {
            "True" => Ok(Literal::True),
            "False" => Ok(Literal::False),
            "None" => Ok(Literal::None),
            "u" | "U" if quoted => {
                self.at = start;
                self.strings()
            }
            _ if quoted => Err(format!("strings with the prefix {word} are not taken")),
            _ => Err(format!("{word} is a name; names are not taken")),
        }
    }

    /// One string, or several beside each other, which are one.
    fn strings(&mut self) -> Result<Literal, String> {
        let mut text = String::new();
        loop {
            match (self.peek(), self.chars.get(self.at + 1)) {
                (Some('u' | 'U'), Some('"' | '\'')) => self.at += 1,
                (Some('"' | '\''), _) => {}
                _ => return Ok(Literal::Text(text)),
            }
            self.string(&mut text)?;
        }
    }

    fn string(&mut self, text: &mut String) -> Result<(), String> {
        let Some(quote) = self.chars.get(self.at).copied() else { return Err("it ends in mid-value".into()) };
        let triple = self.chars.get(self.at..self.at + 3).is_some_and(|three| three.iter().all(|char| *char == quote));
        let width = if triple { 3 } else { 1 };
        self.at += width;
        loop {
            let Some(char) = self.chars.get(self.at).copied() else { return Err("a string that is not closed".into()) };
            let closing = self.chars.get(self.at..self.at + width);
            if closing.is_some_and(|closing| closing.iter().all(|char| *char == quote)) {
                self.at += width;
                return Ok(());
            }
            match char {
                '\\' => self.escape(text)?,
                '\n' if !triple => return Err("a string with a line break in it".into()),
                char => {
                    text.push(char);
                    self.at += 1;
                }
            }
        }
    }

    fn escape(&mut self, text: &mut String) -> Result<(), String> {
        let Some(char) = self.chars.get(self.at + 1).copied() else { return Err("a string that is not closed".into()) };
        self.at += 2;
        let width = match char {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        if width > 0 {
            let digits: String = self.chars.iter().skip(self.at).take(width).collect();
            let all = digits.chars().count() == width && digits.chars().all(|char| char.is_ascii_hexdigit());
            let point = u32::from_str_radix(&digits, 16).ok().filter(|_| all);
            self.at += width;
            return match point.map(|point| (point, self.low_surrogate(point))) {
                Some((_, Some(pair))) => {
                    text.push(pair);
                    Ok(())
                }
                Some((point, None)) => {
                    text.push(char::from_u32(point).ok_or_else(|| format!("\\{char}{digits} is no character"))?);
                    Ok(())
                }
                None => Err(format!("a broken escape \\{char}")),
            };
        }
        match char {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            '\n' => {}
            '\\' | '\'' | '"' => text.push(char),
            // JSON's, so that JSON arrays of strings are a subset
            '/' => text.push('/'),
            'b' => text.push('\u{8}'),
            'f' => text.push('\u{c}'),
            // the reference keeps what it does not know
            other => text.extend(['\\', other]),
        }
        Ok(())
    }

    /// JSON writes characters beyond the first plane as two escapes.
    fn low_surrogate(&mut self, high: u32) -> Option<char> {
        let rest: String = self.chars.iter().skip(self.at).take(6).collect();
        let low = u32::from_str_radix(rest.strip_prefix("\\u")?, 16).ok()?;
        if !(0xd800..0xdc00).contains(&high) || !(0xdc00..0xe000).contains(&low) {
            return None;
        }
        self.at += 6;
        char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))
    }
}
