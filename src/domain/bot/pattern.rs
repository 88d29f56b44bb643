//! Patterns: Python's regular expressions, translated for an engine that takes linear time (bots contract, 5.3).
//!
//! What both engines know passes as it is; what only looks different is rewritten; what would need backtracking, or would
//! quietly mean something else, is refused with the construct's name.

use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

/// Characters of a pattern at most.
pub const MAX_PATTERN: usize = 1_000;
/// Bytes of a compiled pattern at most.
const MAX_COMPILED: usize = 1 << 20;
/// Characters of a text that are looked at.
pub const MAX_TEXT: usize = 4_096;

/// Named groups: their text, or null for those that took no part. Unnamed groups are dropped (contract, 5.1 step 5).
pub type Groups = Map<String, Value>;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
    /// The same from end to end, not compiled: few patterns are asked for that.
    whole: String,
}

impl Pattern {
    /// Translates and compiles.
    ///
    /// # Errors
    ///
    /// A message for the field `pattern` that names what is not understood.
    pub fn compile(source: &str) -> Result<Self, String> {
        if source.chars().count() > MAX_PATTERN {
            return Err(format!("Ensure this pattern has no more than {MAX_PATTERN} characters."));
        }
        let translation = Translation::new(source).run()?;
        let regex = built(&translation.text())?;
        Ok(Self { regex, whole: translation.whole() })
    }

    /// Searches anywhere in the text, of which one final line feed and what exceeds 4096 characters is not looked at.
    pub fn find(&self, text: &str) -> Option<Groups> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        let end = text.char_indices().nth(MAX_TEXT).map_or(text.len(), |(at, _)| at);
        let found = self.regex.captures(text.get(..end)?)?;
        let groups = self.regex.capture_names().flatten().map(|name| {
            let value = found.name(name).map_or(Value::Null, |group| Value::String(group.as_str().to_owned()));
            (name.to_owned(), value)
        });
        Some(groups.collect())
    }

    /// Whether the whole text matches, end to end.
    pub fn is_whole(&self, text: &str) -> bool {
        text.chars().count() <= MAX_TEXT && built(&self.whole).is_ok_and(|regex| regex.is_match(text))
    }
}

fn built(translated: &str) -> Result<Regex, String> {
    RegexBuilder::new(translated).size_limit(MAX_COMPILED).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "The pattern is too large once its counters are unfolded.".to_owned(),
        other => format!("Not a valid regular expression: {}", last_line(&other.to_string())),
    })
}

/// The engine draws its errors; the last line says it in words.
fn last_line(message: &str) -> String {
    let line = message.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    line.trim().trim_start_matches("error: ").to_owned()
}

/// What stands before a quantifier.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    /// Nothing, or something that may be repeated.
    Atom,
    /// A quantifier that may still become lazy.
    Quantifier,
    /// A quantifier that is lazy already.
    Lazy,
}

struct Translation {
    source: Vec<char>,
    at: usize,
    flags: String,
    out: String,
    before: Before,
    verbose: bool,
}

impl Translation {
    fn new(source: &str) -> Self {
        let flags = Regex::new(r"\(\?[a-zA-Z]*x").is_ok_and(|flagged| flagged.is_match(source));
        Self {
            source: source.chars().collect(),
            at: 0,
            flags: String::new(),
            out: String::new(),
            before: Before::Atom,
            verbose: flags,
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.source.get(self.at + ahead).copied()
    }

    fn starts(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(ahead, char)| self.peek(ahead) == Some(char))
    }

    fn run(mut self) -> Result<Self, String> {
        while let Some(char) = self.peek(0) {
            match char {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                '*' | '+' | '?' => self.quantifier(char)?,
                '{' => self.brace()?,
                '}' => self.plain("\\}"),
                '#' if self.verbose => self.comment(),
                ' ' | '\n' | '\t' if self.verbose => self.copy(),
                other => self.plain(other.encode_utf8(&mut [0; 4])),
            }
        }
        Ok(self)
    }

    fn leading_flags(&self) -> String {
        if self.flags.is_empty() { String::new() } else { format!("(?{})", self.flags) }
    }

    fn text(&self) -> String {
        self.leading_flags() + &self.out
    }

    fn whole(&self) -> String {
        format!("{}\\A(?:{})\\z", self.leading_flags(), self.out)
    }

    fn copy(&mut self) {
        self.out.extend(self.peek(0));
        self.at += 1;
    }

    /// One character of the source, written as `text`.
    fn plain(&mut self, text: &str) {
        self.out.push_str(text);
        self.at += 1;
        self.before = Before::Atom;
    }

    fn comment(&mut self) {
        while self.peek(0).is_some_and(|char| char != '\n') {
            self.at += 1;
        }
    }

    fn escape(&mut self) -> Result<(), String> {
        let escaped = self.escaped(false)?;
        self.out.push_str(&escaped);
        self.before = Before::Atom;
        Ok(())
    }

    /// The escape that begins here, rewritten.
    fn escaped(&mut self, in_class: bool) -> Result<String, String> {
        let Some(char) = self.peek(1) else { return Err("Not a valid regular expression: a \\ at the end.".into()) };
        self.at += 2;
        Ok(match char {
            'Z' if !in_class => "\\z".to_owned(),
            'b' if in_class => "\\x08".to_owned(),
            '0' => "\\x00".to_owned(),
            '1'..='9' => return Err(format!("Back references (\\{char}) are not supported.")),
            'x' | 'u' | 'U' if self.peek(0) == Some('{') => {
                return Err(format!("Not a valid regular expression: bad escape \\{char}{{."));
            }
            'N' | 'p' | 'P' | 'g' | 'k' | 'z' | 'Q' | 'R' | 'X' => {
                return Err(format!("Not a valid regular expression: bad escape \\{char}."));
            }
            char if char.is_ascii_alphanumeric() => format!("\\{char}"),
            '<' | '>' => char.to_string(),
            char if char.is_ascii_punctuation() => format!("\\{char}"),
            char => format!("\\x{{{:x}}}", u32::from(char)),
        })
    }

    fn quantifier(&mut self, char: char) -> Result<(), String> {
        match (self.before, char) {
            (Before::Atom, _) => self.before = Before::Quantifier,
            (Before::Quantifier, '?') => self.before = Before::Lazy,
            (Before::Quantifier, '+') => {
                return Err("Possessive quantifiers (++, *+, ?+) are not supported.".into());
            }
            _ => return Err(format!("Not a valid regular expression: multiple repeat at {char}.")),
        }
        self.copy();
        Ok(())
    }

    /// A counter, or a brace that is just a character.
    fn brace(&mut self) -> Result<(), String> {
        let body: String = self.source.iter().skip(self.at + 1).take_while(|char| **char != '}').collect();
        let length = body.chars().count() + 2;
        let closed = self.peek(length - 1) == Some('}');
        let (from, to) = body.split_once(',').map_or((body.as_str(), None), |(from, to)| (from, Some(to)));
        let digits = |text: &str| text.chars().all(|char| char.is_ascii_digit());
        if !closed || body.is_empty() || !digits(from) || !to.is_none_or(digits) {
            self.plain("\\{");
            return Ok(());
        }
        if self.before != Before::Atom {
            return Err("Not a valid regular expression: multiple repeat at {.".into());
        }
        let from = if from.is_empty() { "0" } else { from };
        self.out.push_str(&to.map_or(format!("{{{from}}}"), |to| format!("{{{from},{to}}}")));
        self.at += length;
        self.before = Before::Quantifier;
        Ok(())
    }

    fn group(&mut self) -> Result<(), String> {
        const REFUSED: &[(&str, &str)] = &[
            ("(?=", "Look-ahead (?=…)"),
            ("(?!", "Look-ahead (?!…)"),
            ("(?<=", "Look-behind (?<=…)"),
            ("(?<!", "Look-behind (?<!…)"),
            ("(?P=", "Back references (?P=…)"),
            ("(?(", "Conditionals (?(…)…)"),
            ("(?#", "Comments (?#…)"),
            ("(?>", "Atomic groups (?>…)"),
        ];
        if let Some((_, name)) = REFUSED.iter().find(|(start, _)| self.starts(start)) {
            return Err(format!("{name} are not supported: patterns are matched in linear time."));
        }
        self.before = Before::Atom;
        if !self.starts("(?") || self.starts("(?:") || self.starts("(?P<") {
            self.copy();
            if self.peek(0) == Some('?') {
                self.copy();
            }
            return Ok(());
        }
        let rest: String = self.source.iter().skip(self.at + 2).take_while(|char| !":)".contains(**char)).collect();
        let end = self.peek(2 + rest.chars().count());
        if let Some(unknown) = rest.chars().find(|flag| !"imsux-".contains(*flag)) {
            return Err(format!("Not a valid regular expression: unknown extension (?{unknown}."));
        }
        let flags: String = rest.chars().filter(|flag| *flag != 'u').collect();
        self.at += 3 + rest.chars().count();
        match end {
            Some(':') => self.out.push_str(&format!("(?{}:", flags.trim_end_matches('-'))),
            Some(')') if flags.contains('-') => return Err("Flags can be switched off for a group only.".into()),
            // in the reference a flag in mid-pattern applies to all of it
            Some(')') => {
                self.flags.extend(flags.chars().filter(|flag| !self.flags.contains(*flag)).collect::<Vec<_>>())
            }
            _ => return Err("Not a valid regular expression: a group that is not closed.".into()),
        }
        Ok(())
    }

    fn class(&mut self) -> Result<(), String> {
        self.copy();
        if self.peek(0) == Some('^') {
            self.copy();
        }
        let mut first = true;
        loop {
            match self.peek(0) {
                None => return Err("Not a valid regular expression: a set [ that is not closed.".into()),
                Some(']') if !first => break,
                Some(_) => {}
            }
            first = false;
            if let Some(named) = self.named_class() {
                self.out.push_str(&named);
                continue;
            }
            let from = self.member()?;
            self.out.push_str(&from);
            if self.peek(0) == Some('-') && self.peek(1).is_some_and(|next| next != ']') {
                self.at += 1;
                let to = self.member()?;
                self.out.push('-');
                self.out.push_str(&to);
            }
        }
        self.plain("]");
        Ok(())
    }

    /// `[:alpha:]` in a set.
    fn named_class(&mut self) -> Option<String> {
        let rest: String = self.source.iter().skip(self.at).take(14).collect();
        let inner = rest.strip_prefix("[:")?.split_once(":]")?.0;
        let known = inner.trim_start_matches('^').chars().all(|char| char.is_ascii_lowercase()) && inner.len() > 2;
        known.then(|| {
            self.at += inner.chars().count() + 4;
            format!("[:{inner}:]")
        })
    }

    /// One member of a set, so written that it is itself in the other engine.
    fn member(&mut self) -> Result<String, String> {
        let Some(char) = self.peek(0) else {
            return Err("Not a valid regular expression: a set [ that is not closed.".into());
        };
        if char == '\\' {
            return self.escaped(true);
        }
        self.at += 1;
        Ok(match char {
            '[' | ']' | '&' | '~' | '-' | '^' => format!("\\{char}"),
            char if char.is_whitespace() || char == '#' => format!("\\x{{{:x}}}", u32::from(char)),
            char => char.to_string(),
        })
    }
}
