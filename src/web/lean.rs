//! The front end's files as they leave the house: scripts without what only their readers need, and gzipped once.
//!
//! There is no build step: what is in `static/` is what runs. But comments are a third of a script's bytes, and the
//! widget is a guest on pages that count theirs.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// A file ready to be sent.
#[derive(Debug)]
pub struct Lean {
    /// What it was made from, so that a changed file is made anew.
    tag: String,
    /// For those who cannot unpack.
    pub plain: Bytes,
    /// The same, gzipped.
    pub gzipped: Bytes,
}

/// What was asked for once; as many entries as there are files.
static SHELF: LazyLock<Mutex<HashMap<String, Arc<Lean>>>> = LazyLock::new(Mutex::default);

/// The file `name` with this content, whose `tag` changes when the content does.
pub fn lean(name: &str, tag: &str, content: &[u8]) -> Arc<Lean> {
    // a thread that panicked left whole entries or none
    let mut shelf = SHELF.lock().unwrap_or_else(PoisonError::into_inner);
    match shelf.get(name) {
        Some(known) if known.tag == tag => known.clone(),
        _ => {
            let made = Arc::new(make(name, tag, content));
            shelf.insert(name.to_owned(), made.clone());
            made
        }
    }
}

fn make(name: &str, tag: &str, content: &[u8]) -> Lean {
    // what others wrote is sent as they wrote it, licence and all
    let is_ours = name.ends_with(".js") && !name.starts_with("vendor/");
    let plain = match std::str::from_utf8(content) {
        Ok(script) if is_ours => Bytes::from(without_comments(script)),
        _ => Bytes::copy_from_slice(content),
    };
    let gzipped = gzip(&plain).map_or_else(|_| plain.clone(), Bytes::from);
    Lean { tag: tag.to_owned(), plain, gzipped }
}

fn gzip(content: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    encoder.finish()
}

/// A script without lines that are comments, and without indentation. Line ends stay: they may end statements. Inside
/// template strings nothing is touched; a line with an odd number of backticks begins or ends one.
fn without_comments(script: &str) -> String {
    let mut lean = String::with_capacity(script.len());
    let (mut in_comment, mut in_template) = (false, false);
    for line in script.lines() {
        let trimmed = line.trim();
        if in_template {
            lean.push_str(line);
            lean.push('\n');
        } else if in_comment || trimmed.starts_with("/*") {
            in_comment = !trimmed.contains("*/");
            continue;
        } else if trimmed.is_empty() || trimmed.starts_with("//") {
            continue;
        } else {
            lean.push_str(trimmed);
            lean.push('\n');
        }
        in_template ^= line.matches('`').count() % 2 == 1;
    }
    lean
}

#[cfg(test)]
mod tests {
    use super::{lean, without_comments};

    #[test]
    fn comments_and_indentation_stay_at_home() {
        let script =
            "// of a file\n/**\n * Says hello.\n */\nfunction f() {\n  /* briefly */\n  return 1; // one\n}\n\n";
        assert_eq!(without_comments(script), "function f() {\nreturn 1; // one\n}\n");
    }

    #[test]
    fn template_strings_are_sent_as_they_are() {
        let script = "const a = `\n  // no comment\n  /* nor this */\n`;\n  const b = `x`; // a `word`\n";
        assert_eq!(
            without_comments(script),
            "const a = `\n  // no comment\n  /* nor this */\n`;\nconst b = `x`; // a `word`\n"
        );
    }

    #[test]
    fn a_changed_file_is_made_anew() {
        let name = "tests/changed.js";
        assert_eq!(lean(name, "1", b"one();\n").plain, "one();\n");
        assert_eq!(lean(name, "1", b"two();\n").plain, "one();\n");
        assert_eq!(lean(name, "2", b"two();\n").plain, "two();\n");
    }

    #[test]
    fn what_others_wrote_stays_whole() {
        let vendored = "// (c) somebody\n  x();\n";
        assert_eq!(lean("vendor/x/x.js", "1", vendored.as_bytes()).plain, vendored);
    }
}
