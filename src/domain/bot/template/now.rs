//! `{% now 'UTC', '%H:%M' %}` is no tag of the engine: it is rewritten to a call before parsing (contract, 6.6).

use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use minijinja::{Error, ErrorKind};

use crate::domain::Micros;

/// What a zone's name means: an IANA name, `utc`, or `local`, which is UTC here.
pub(in crate::domain::bot) fn zone(name: &str) -> Option<TimeZone> {
    match name.trim().to_ascii_lowercase().as_str() {
        "" | "local" | "utc" => Some(TimeZone::UTC),
        _ => TimeZone::get(name.trim()).ok(),
    }
}

/// The moment, by a zone and a format of `strftime`; a date by default.
pub(super) fn now(moment: Micros, zone_name: Option<&str>, format: Option<&str>) -> Result<String, Error> {
    let wrong = |what: String| Error::new(ErrorKind::InvalidOperation, what);
    let name = zone_name.unwrap_or("local");
    let zone = zone(name).ok_or_else(|| wrong(format!("now: there is no zone {name:?}")))?;
    let format = format.unwrap_or("%Y-%m-%d");
    if format.len() > 256 {
        return Err(wrong("now: the format is too long".into()));
    }
    let moment = Timestamp::from_microsecond(moment).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone);
    strtime::format(format, &moment).map_err(|error| wrong(format!("now: {error}")))
}

/// The source with its `now` tags rewritten to calls; everything else, raw blocks too, as it was.
pub(super) fn rewrite(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    let mut raw = false;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let end = match from.as_bytes().get(1) {
            Some(b'%') => block_end(from, "%}"),
            Some(b'{') if !raw => block_end(from, "}}"),
            Some(b'#') if !raw => from.find("#}").map(|end| end + 2),
            _ => Some(1),
        };
        // what is not closed is the parser's to complain about
        let end = end.unwrap_or(1);
        let (block, after) = from.split_at(end);
        match tag(block) {
            Some("raw") => raw = true,
            Some("endraw") => raw = false,
            _ => {}
        }
        if raw || tag(block) != Some("now") {
            out.push_str(block)
        } else {
            out.push_str(&call(block))
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Where a block ends; quoted text in it does not count.
fn block_end(from: &str, close: &str) -> Option<usize> {
    let last = from.rfind(close)?;
    let (mut quote, mut escaped) = (None, false);
    for (at, char) in from.char_indices().skip(2).take_while(|(at, _)| *at <= last) {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if char == '\\' => escaped = true,
            Some(open) if char == open => quote = None,
            Some(_) => {}
            None if char == '"' || char == '\'' => quote = Some(char),
            None if from.get(at..).is_some_and(|rest| rest.starts_with(close)) => return Some(at + close.len()),
            None => {}
        }
    }
    // an apostrophe in raw text opens no quote
    from.find(close).map(|at| at + close.len())
}

/// The name of a tag.
fn tag(block: &str) -> Option<&str> {
    let inner = block.strip_prefix("{%")?.trim_start_matches(['-', '+']).trim_start();
    let end = inner.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(inner.len());
    inner.get(..end)
}

fn call(block: &str) -> String {
    let inner = block.strip_prefix("{%").and_then(|inner| inner.strip_suffix("%}")).unwrap_or_default();
    let (open, inner) = inner.split_at(inner.find(|char| char != '-' && char != '+').unwrap_or(0));
    let body = inner.trim_end_matches(['-', '+']);
    let close = inner.strip_prefix(body).unwrap_or_default();
    let arguments = body.trim().strip_prefix("now").unwrap_or_default().trim();
    format!("{{{{{open} now({arguments}) {close}}}}}")
}
