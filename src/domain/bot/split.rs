//! Cutting a text into messages (bots contract, 8): at the literal `\n`, then where it is longer than a provider takes: at a
//! paragraph, a line, a space, after a hyphen, or hard.

use super::html::{Piece, pieces};

/// How a provider counts, and how marks are kept whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Characters of a plain text.
    Characters,
    /// UTF-16 units of what is seen of a text with marks; tags that are open at a cut are closed and opened again (B76).
    Marked,
}

/// One thing that is never cut.
#[derive(Clone, Copy)]
struct Atom<'a> {
    text: &'a str,
    size: usize,
    /// The first character, if it is one that is seen.
    char: Option<char>,
    tag: Option<Piece<'a>>,
}

/// All messages of a text: pieces at each literal `\n`, trimmed, empty ones left out; each cut to the limit.
pub fn split(text: &str, limit: usize, unit: Unit) -> Vec<String> {
    let whole = text.trim().split("\\n");
    let parts = whole.flat_map(|piece| cut(piece.trim(), limit.max(1), unit));
    parts.filter(|part| !part.trim().is_empty()).collect()
}

/// One piece, cut to the limit.
pub fn cut(text: &str, limit: usize, unit: Unit) -> Vec<String> {
    let atoms = atoms(text, unit);
    let (mut parts, mut open, mut start) = (Vec::new(), Vec::<Piece<'_>>::new(), 0);
    while start < atoms.len() {
        let rest = atoms.get(start..).unwrap_or_default();
        let (end, next) = cut_at(rest, limit);
        let mut part: String = open.iter().map(|tag| whole(*tag)).collect();
        for atom in rest.iter().take(end) {
            part.push_str(atom.text);
            match atom.tag {
                Some(Piece::Close(..)) => drop(open.pop()),
                Some(tag) => open.push(tag),
                None => {}
            }
        }
        part.extend(open.iter().rev().map(|tag| format!("</{}>", name(*tag))));
        let seen = rest.iter().take(end).any(|atom| atom.char.is_some_and(|char| !char.is_whitespace()));
        if seen {
            parts.push(part);
        }
        // tags between the cut and the next part are kept
        for atom in rest.iter().skip(end).take(next.saturating_sub(end)) {
            match atom.tag {
                Some(Piece::Close(..)) => drop(open.pop()),
                Some(tag) => open.push(tag),
                None => {}
            }
        }
        start += next.max(1);
    }
    parts
}

fn whole(piece: Piece<'_>) -> &str {
    match piece {
        Piece::Text(text) | Piece::Template(text) | Piece::Open(_, text) | Piece::Close(_, text) => text,
    }
}

fn name(piece: Piece<'_>) -> &str {
    match piece {
        Piece::Open(name, _) | Piece::Close(name, _) => name,
        Piece::Text(_) | Piece::Template(_) => "",
    }
}

fn atoms(text: &str, unit: Unit) -> Vec<Atom<'_>> {
    if unit == Unit::Characters {
        return characters(text, |_| 1).collect();
    }
    let mut found = Vec::new();
    for piece in pieces(text, false) {
        match piece {
            Piece::Text(mut text) | Piece::Template(mut text) => {
                while let Some(at) = text.find('&') {
                    let end =
                        text.get(at..).and_then(|rest| rest.find(';')).filter(|end| *end <= 10).map(|end| at + end + 1);
                    let end = end.unwrap_or(at + 1);
                    let (before, after) = text.split_at(end);
                    let (plain, entity) = before.split_at(at);
                    found.extend(characters(plain, char::len_utf16));
                    found.push(Atom { text: entity, size: 1, char: Some('&'), tag: None });
                    text = after;
                }
                found.extend(characters(text, char::len_utf16));
            }
            tag => found.push(Atom { text: whole(tag), size: 0, char: None, tag: Some(tag) }),
        }
    }
    found
}

fn characters(text: &str, size: impl Fn(char) -> usize) -> impl Iterator<Item = Atom<'_>> {
    text.char_indices().map(move |(at, char)| Atom {
        text: text.get(at..at + char.len_utf8()).unwrap_or_default(),
        size: size(char),
        char: Some(char),
        tag: None,
    })
}

/// How many atoms the first part has, and where the next begins.
fn cut_at(atoms: &[Atom<'_>], limit: usize) -> (usize, usize) {
    let mut size = 0;
    let fits = atoms.iter().take_while(|atom| {
        size += atom.size;
        size <= limit
    });
    let fits = fits.count();
    if fits == atoms.len() {
        return (fits, fits);
    }
    let char = |at: usize| atoms.get(at).and_then(|atom| atom.char);
    let line = |at: usize| char(at) == Some('\n');
    // a cut at a space leaves the space out; it may stand just behind what fits
    let paragraph = (1..fits).rev().find(|at| line(*at) && line(at + 1));
    let found = paragraph
        .or_else(|| (1..=fits).rev().find(|at| line(*at)))
        .or_else(|| (1..=fits).rev().find(|at| char(*at).is_some_and(char::is_whitespace)));
    // a paragraph far in front would make many short messages
    if let Some(end) = found.filter(|end| *end > 0) {
        let skipped = atoms.iter().skip(end).take_while(|atom| atom.char.is_some_and(char::is_whitespace)).count();
        return (end, end + skipped.max(1));
    }
    let hyphen = (2..=fits).rev().find(|at| {
        char(at - 1) == Some('-')
            && char(at - 2).is_some_and(char::is_alphanumeric)
            && char(*at).is_some_and(char::is_alphanumeric)
    });
    let end = hyphen.unwrap_or(fits).max(1);
    (end, end)
}
