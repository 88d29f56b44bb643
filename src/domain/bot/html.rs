//! The marks that Telegram knows (bots contract, 6.5): checked on the source of a template, left out for other providers.

/// Tags that may be used (B61).
const TAGS: &[&str] = &[
    "a",
    "b",
    "blockquote",
    "code",
    "del",
    "em",
    "i",
    "ins",
    "pre",
    "s",
    "span",
    "strike",
    "strong",
    "tg-spoiler",
    "u",
];

/// A piece of a text with marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Text, with entities in it.
    Text(&'a str),
    /// A tag that opens: its name, and all of it.
    Open(&'a str, &'a str),
    /// A tag that closes: its name, and all of it.
    Close(&'a str, &'a str),
    /// Something of a template: `{{ … }}`, `{% … %}`, `{# … #}`.
    Template(&'a str),
}

/// Cuts a text into pieces. With `template`, the template's blocks are pieces of their own, and belong to a tag they stand in.
pub(super) fn pieces(source: &str, template: bool) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = source;
    while !rest.is_empty() {
        let end = match rest.find(['<', '{']) {
            Some(0) => 0,
            Some(end) => end,
            None => rest.len(),
        };
        if end > 0 {
            let (text, after) = rest.split_at(end);
            found.push(Piece::Text(text));
            rest = after;
            continue;
        }
        let length = block(rest).filter(|_| template).map(|length| (length, None)).or_else(|| tag(rest, template));
        let (length, name) = length.unwrap_or((1, None));
        let (whole, after) = rest.split_at(length);
        found.push(match name {
            Some(name) if whole.starts_with("</") => Piece::Close(name, whole),
            Some(name) => Piece::Open(name, whole),
            None if length > 1 => Piece::Template(whole),
            None => Piece::Text(whole),
        });
        rest = after;
    }
    found
}

/// The length of the template's block that begins here.
fn block(rest: &str) -> Option<usize> {
    let close = match rest.get(..2)? {
        "{{" => "}}",
        "{%" => "%}",
        "{#" => "#}",
        _ => return None,
    };
    rest.find(close).map(|end| end + 2)
}

/// The length and the name of the tag that begins here; `<` before anything but a name is text.
fn tag(rest: &str, template: bool) -> Option<(usize, Option<&str>)> {
    let start = if rest.starts_with("</") { 2 } else { 1 };
    let inner = rest.strip_prefix('<')?;
    let named = inner.strip_prefix('/').unwrap_or(inner);
    let length = named.find(|char: char| !char.is_ascii_alphanumeric() && char != '-').unwrap_or(named.len());
    if length == 0 {
        return None;
    }
    let (mut at, mut quote) = (start + length, None);
    while let Some(char) = rest.get(at..).and_then(|rest| rest.chars().next()) {
        if let Some(skip) = rest.get(at..).and_then(block).filter(|_| template) {
            at += skip;
            continue;
        }
        match quote {
            Some(open) if open == char => quote = None,
            None if char == '"' || char == '\'' => quote = Some(char),
            None if char == '>' => return Some((at + 1, named.get(..length))),
            None if char == '<' => return None,
            _ => {}
        }
        at += char.len_utf8();
    }
    None
}

/// Checks the marks in the source of a text template.
///
/// # Errors
///
/// A message that begins with `Not correct`.
pub fn check(source: &str) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    for piece in pieces(source, true) {
        match piece {
            Piece::Open(name, whole) if whole.ends_with("/>") => {
                return Err(format!("Not correct HTML: <{name}/> closes itself"));
            }
            Piece::Open(name, _) if !TAGS.contains(&name.to_ascii_lowercase().as_str()) => {
                return Err(format!("Not correct HTML: the tag <{name}> is not known"));
            }
            Piece::Open(name, _) => open.push(name),
            Piece::Close(name, _) => match open.pop() {
                Some(last) if last.eq_ignore_ascii_case(name) => {}
                Some(last) => return Err(format!("Not correct HTML: </{name}> where <{last}> is open")),
                None => return Err(format!("Not correct HTML: </{name}> closes nothing")),
            },
            Piece::Text(_) | Piece::Template(_) => {}
        }
    }
    let unclosed = unclosed_tag(source);
    match open.pop().or(unclosed) {
        Some(name) => Err(format!("Not correct HTML: <{name}> is not closed")),
        None => Ok(()),
    }
}

/// A known tag that begins and has no `>`.
fn unclosed_tag(source: &str) -> Option<&str> {
    let pieces = pieces(source, true);
    let lone = pieces.windows(2).find_map(|pair| match pair {
        [Piece::Text("<"), Piece::Text(after)] => Some(*after),
        _ => None,
    })?;
    let name = lone.trim_start_matches('/');
    let end = name.find(|char: char| !char.is_ascii_alphanumeric()).unwrap_or(name.len());
    name.get(..end).filter(|name| TAGS.contains(name))
}

/// A template without its own tags, and with its own entities as characters, for providers without marks (B64).
pub fn without_tags(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    for piece in pieces(source, true) {
        match piece {
            Piece::Text(text) => out.push_str(&unescape(text)),
            Piece::Template(block) => out.push_str(block),
            Piece::Open(name, whole) | Piece::Close(name, whole) => {
                if !TAGS.contains(&name.to_ascii_lowercase().as_str()) {
                    out.push_str(whole);
                }
            }
        }
    }
    out
}

/// A rendered text with its marks left out and its entities as characters.
pub fn plain(text: &str) -> String {
    let texts = pieces(text, false).into_iter().map(|piece| match piece {
        Piece::Text(text) | Piece::Template(text) => unescape(text),
        Piece::Open(name, whole) | Piece::Close(name, whole) if !TAGS.contains(&name.to_ascii_lowercase().as_str()) => {
            whole.to_owned()
        }
        _ => String::new(),
    });
    texts.collect()
}

/// `& < > "` as entities.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The four entities as characters.
pub fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}
