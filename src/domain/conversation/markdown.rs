//! `markdown_v1` on its way to each channel (contract, 14.4; how the marks are written there: channels contract, 4.7).
//!
//! Marks that a channel does not show are removed and their text stays; a link becomes `x (url)`. Text that only looks like
//! a mark (`2 * 3`, a lone `**`) stays as it is.

use super::settings::Channel;

/// The text as the channel gets it. On Telegram that is HTML (`parse_mode: "HTML"`), with everything else escaped; the
/// website renders the marks itself.
pub fn render(text: &str, channel: Channel) -> String {
    let Some(hand) = Hand::of(channel) else { return text.to_owned() };
    let mut out = String::with_capacity(text.len() + 16);
    // what stands between fences is code, in every second part
    for (at, part) in fenced(text).into_iter().enumerate() {
        if at % 2 == 1 {
            hand.block(&mut out, part);
        } else {
            hand.paragraphs(&mut out, part);
        }
    }
    out
}

/// How a channel writes marks: what stands before and after, if it shows them at all.
struct Hand {
    bold: Option<(&'static str, &'static str)>,
    italic: Option<(&'static str, &'static str)>,
    struck: Option<(&'static str, &'static str)>,
    underlined: Option<(&'static str, &'static str)>,
    code: Option<(&'static str, &'static str)>,
    block: Option<(&'static str, &'static str)>,
    /// Whether bullets are shown.
    lists: bool,
    /// Whether it is HTML: links are tags, and what is no mark is escaped.
    html: bool,
}

impl Hand {
    /// The hand of a channel; `None`: it gets the text untouched.
    fn of(channel: Channel) -> Option<Self> {
        let bare = Hand {
            bold: None,
            italic: None,
            struck: None,
            underlined: None,
            code: None,
            block: None,
            lists: false,
            html: false,
        };
        let light =
            || Hand { bold: Some(("*", "*")), italic: Some(("_", "_")), struck: Some(("~", "~")), lists: true, ..bare };
        match channel {
            Channel::Web | Channel::Custom => None,
            Channel::WhatsappBusiness | Channel::Facebook => Some(Hand { code: Some(("`", "`")), ..light() }),
            Channel::Threema => Some(light()),
            Channel::Sms => Some(bare),
            Channel::Telegram => Some(Hand {
                bold: Some(("<b>", "</b>")),
                italic: Some(("<i>", "</i>")),
                struck: Some(("<s>", "</s>")),
                underlined: Some(("<u>", "</u>")),
                code: Some(("<code>", "</code>")),
                block: Some(("<pre>", "</pre>")),
                lists: true,
                html: true,
            }),
        }
    }

    fn plain(&self, out: &mut String, text: &str) {
        if !self.html {
            return out.push_str(text);
        }
        for one in text.chars() {
            match one {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                other => out.push(other),
            }
        }
    }

    fn block(&self, out: &mut String, code: &str) {
        // the rest of the fence's line names a language
        let code = code.split_once('\n').map_or(code, |(_, code)| code);
        let code = code.strip_suffix('\n').unwrap_or(code);
        let (before, after) = self.block.unwrap_or_default();
        out.push_str(before);
        self.plain(out, code);
        out.push_str(after);
    }

    fn paragraphs(&self, out: &mut String, text: &str) {
        let lines: Vec<&str> = text.split('\n').map(|line| self.line(line)).collect();
        let empty = |line: &str| line.trim().is_empty();
        // no mark reaches over an empty line
        for (at, part) in lines.chunk_by(|one, other| empty(one) == empty(other)).enumerate() {
            if at > 0 {
                out.push('\n');
            }
            self.marks(out, &part.join("\n"), 0);
        }
    }

    /// A line without the marks at its beginning that the channel does not show.
    fn line<'a>(&self, line: &'a str) -> &'a str {
        let Some(rest) = line.strip_prefix('>') else { return self.list(line) };
        self.list(rest.strip_prefix(' ').unwrap_or(rest))
    }

    /// Lists are not nested anywhere but on the website. A number is read as text and stays even where no mark does.
    fn list<'a>(&self, line: &'a str) -> &'a str {
        let item = line.trim_start();
        let numbered = item.split_once(". ").is_some_and(|(number, _)| {
            !number.is_empty() && number.len() < 10 && number.bytes().all(|byte| byte.is_ascii_digit())
        });
        match item.strip_prefix("- ") {
            Some(bare) if !self.lists => bare,
            Some(_) => item,
            None if numbered => item,
            None => line,
        }
    }

    /// The marks within a paragraph.
    fn marks(&self, out: &mut String, text: &str, depth: usize) {
        let mut rest = text;
        // where it was found that a mark is not closed any more, so that the text is not searched for it again and again
        let mut unclosed = [false; MARKS.len()];
        while let Some(at) = rest.find(['*', '_', '~', '`', '[']) {
            self.plain(out, &rest[..at]);
            rest = &rest[at..];
            let found = (depth < MAX_DEPTH).then(|| self.mark(out, rest, depth, &mut unclosed)).flatten();
            let taken = found.unwrap_or_else(|| {
                // a run of the same character is no mark as a whole, or its rest would be one by accident
                let first = rest.chars().next().unwrap_or_default();
                let run = rest.len() - rest.trim_start_matches(first).len();
                let run = if first == '[' { 1 } else { run };
                self.plain(out, &rest[..run]);
                run
            });
            rest = &rest[taken..];
        }
        self.plain(out, rest);
    }

    /// Writes the mark at the beginning of `rest`, if one is there, and says how long it was.
    fn mark(&self, out: &mut String, rest: &str, depth: usize, unclosed: &mut [bool]) -> Option<usize> {
        if rest.starts_with('[') {
            return self.link(out, rest, depth);
        }
        let (at, mark) = MARKS.iter().enumerate().find(|(_, mark)| rest.starts_with(**mark))?;
        let inner = &rest[mark.len()..];
        if unclosed[at] || inner.starts_with(char::is_whitespace) {
            return None;
        }
        let Some(end) = closing(inner, mark) else {
            unclosed[at] = true;
            return None;
        };
        let shown = [self.code, self.bold, self.underlined, self.struck, self.italic][at];
        let (before, after) = shown.unwrap_or_default();
        out.push_str(before);
        match *mark {
            "`" => self.plain(out, &inner[..end]),
            _ => self.marks(out, &inner[..end], depth + 1),
        }
        out.push_str(after);
        Some(mark.len() + end + mark.len())
    }

    /// `[x](url)`; only for addresses that are safe to open.
    fn link(&self, out: &mut String, rest: &str, depth: usize) -> Option<usize> {
        let line = rest.split('\n').next()?;
        let (label, after) = line[1..].split_once("](")?;
        let (url, _) = after.split_once(')')?;
        if label.is_empty() || label.contains('[') || !is_safe(url) {
            return None;
        }
        if self.html {
            out.push_str("<a href=\"");
            self.plain(out, url);
            out.push_str("\">");
        }
        self.marks(out, label, depth + 1);
        if self.html {
            out.push_str("</a>");
        } else {
            out.push_str(&format!(" ({url})"));
        }
        Some(1 + label.len() + 2 + url.len() + 1)
    }
}

/// The marks within a line, longer ones before those that they begin with.
const MARKS: [&str; 5] = ["`", "**", "__", "~~", "*"];

/// Marks within marks, and no deeper.
const MAX_DEPTH: usize = 6;

/// The text in parts: outside of fences, inside, outside, … A fence that is not closed is none.
fn fenced(text: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = text.split("```").collect();
    if parts.len().is_multiple_of(2) {
        // the last fence opens nothing: what stands behind it belongs to the text before it
        let kept: usize = parts[..parts.len() - 2].iter().map(|part| part.len() + 3).sum();
        parts.truncate(parts.len() - 2);
        parts.push(&text[kept..]);
    }
    parts
}

/// Where a mark is closed: not right behind white space, nor at once. Of a longer run of its character, the last ones close
/// it: what is before them closes marks inside.
fn closing(inner: &str, mark: &str) -> Option<usize> {
    let first = mark.chars().next()?;
    let mut from = 0;
    while let Some(found) = inner[from..].find(mark) {
        let start = from + found;
        let run = inner[start..].len() - inner[start..].trim_start_matches(first).len();
        let end = start + run - mark.len();
        from = start + run;
        let spaced = inner[..start].ends_with(char::is_whitespace);
        // two stars are bold, and close nothing that is italic
        let other = mark == "*" && run == 2;
        if start > 0 && !spaced && !other {
            return Some(if mark == "`" { start } else { end });
        }
    }
    None
}

/// Whether an address may become a link (contract, 14.4).
fn is_safe(url: &str) -> bool {
    let scheme = url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    let known = scheme.is_some_and(|scheme| ["http", "https", "mailto", "tel"].contains(&scheme.as_str()));
    known && !url.contains(|one: char| one.is_whitespace() || one.is_control())
}
