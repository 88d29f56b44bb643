//! The rules of the house, as far as a compiler does not check them. Each prints the offending line and why it offends.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use regex::Regex;

use crate::support::Value;

/// The longest file, and the longest function.
const MAX_FILE: usize = 400;
const MAX_FUNCTION: usize = 60;

/// Which rooms a room may use. What stands in `src/` itself is the front door and may use all.
const ROOMS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("config", &["domain"]),
    ("store", &["domain", "config"]),
    ("outbound", &["domain", "config"]),
    ("actors", &["domain", "store", "outbound", "config"]),
    ("channels", &["domain", "store", "outbound", "actors", "config"]),
    ("bots", &["domain", "store", "outbound", "actors", "config"]),
    ("socket", &["domain", "actors", "config"]),
    ("web", &["domain", "store", "outbound", "actors", "bots", "channels", "config", "socket"]),
];

/// What a room must not even name, and why.
const FORBIDDEN: &[(&str, &[&str], &str)] = &[
    (
        "domain",
        &["actix", "diesel", "tokio", "std::time", "rand::", "SystemTime", "Instant"],
        "the rules are pure: no clock, no dice, no I/O",
    ),
    ("config", &["actix", "diesel", "tokio"], "settings are read, nothing more"),
    ("outbound", &["diesel", "actix"], "calls are made, nothing more"),
    ("actors", &["diesel"], "only the store knows SQL"),
    ("channels", &["diesel"], "only the store knows SQL"),
    ("bots", &["diesel", "actix"], "only the store knows SQL, only the doors know HTTP"),
    ("socket", &["diesel"], "only the store knows SQL"),
    ("web", &["diesel"], "only the store knows SQL"),
];

/// A file, its path from the root, and its lines.
struct Source {
    path: String,
    lines: Vec<String>,
}

impl Source {
    fn room(&self) -> &str {
        let mut parts = self.path.split('/').skip(1);
        match (parts.next(), parts.next()) {
            (Some(room), Some(_)) => room,
            _ => "",
        }
    }

    /// The lines of code that run in production, numbered from one: no comments, no tests.
    fn code(&self) -> Vec<(usize, &str)> {
        let end = self.lines.iter().position(|line| line.trim() == "#[cfg(test)]").unwrap_or(self.lines.len());
        let numbered = self.lines[..end].iter().enumerate().map(|(at, line)| (at + 1, line.as_str()));
        numbered.filter(|(_, line)| !line.trim_start().starts_with("//")).collect()
    }

    fn is_test(&self) -> bool {
        self.path.starts_with("tests/") || self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files with this ending below a directory.
fn files(dir: &str, ending: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut open = vec![root().join(dir)];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
            match entry.path() {
                // installed, not ours
                path if path.ends_with("node_modules") => {}
                path if path.is_dir() => open.push(path),
                path if path.extension().is_some_and(|other| other == ending) => found.push(source(&path)),
                _ => {}
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

fn source(path: &Path) -> Source {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let path = path.strip_prefix(root()).expect("a path below the root").display().to_string();
    Source { path, lines: text.lines().map(str::to_owned).collect() }
}

fn holds(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn rooms_use_only_the_rooms_below_them() {
    let used = Regex::new(r"\bcrate::(\w+)").expect("a pattern");
    let is_room = |name: &str| ROOMS.iter().any(|(room, _)| *room == name);
    let mut complaints = Vec::new();
    for file in files("src", "rs") {
        let Some((room, allowed)) = ROOMS.iter().find(|(room, _)| *room == file.room()) else { continue };
        for (number, line) in file.code() {
            if line.contains("crate::{") {
                complaints.push(format!("{}:{number}: one room a line, please: {}", file.path, line.trim()));
            }
            for name in used.captures_iter(line).map(|found| found[1].to_owned()) {
                if is_room(&name) && name != *room && !allowed.contains(&name.as_str()) {
                    complaints.push(format!("{}:{number}: {room} may not use {name}: {}", file.path, line.trim()));
                }
            }
        }
    }
    holds(&complaints);
}

#[test]
fn rooms_keep_out_what_does_not_belong_there() {
    let mut complaints = Vec::new();
    for file in files("src", "rs") {
        for (_, words, why) in FORBIDDEN.iter().filter(|(room, _, _)| *room == file.room()) {
            for word in *words {
                let named = Regex::new(&format!(r"\b{word}\w*\b")).expect("a pattern");
                let exact = Regex::new(&format!(r"\b{word}(\b|_)")).expect("a pattern");
                let lines = file.code().into_iter().filter(|(_, line)| named.is_match(line) && exact.is_match(line));
                complaints.extend(
                    lines.map(|(number, line)| format!("{}:{number}: {word} ({why}): {}", file.path, line.trim())),
                );
            }
        }
        if file.room() == "store" && !file.path.contains("writer") {
            let lines = file.code().into_iter().filter(|(_, line)| line.contains("actix"));
            complaints
                .extend(lines.map(|(number, line)| {
                    format!("{}:{number}: actix only in the writer: {}", file.path, line.trim())
                }));
        }
    }
    holds(&complaints);
}

#[test]
fn no_file_and_no_function_is_too_long() {
    let begins = Regex::new(r"^(\s*)(pub(\([a-z: ]+\))? )?(const |async |unsafe )*fn (\w+)").expect("a pattern");
    let mut complaints = Vec::new();
    for file in files("src", "rs").into_iter().chain(files("tests", "rs")).chain(files("benches", "rs")) {
        if file.lines.len() > MAX_FILE {
            complaints.push(format!("{}: {} lines, {MAX_FILE} at most", file.path, file.lines.len()));
        }
        for (at, line) in file.lines.iter().enumerate() {
            let Some(found) = begins.captures(line) else { continue };
            let closing = format!("{}}}", &found[1]);
            let length = file.lines[at..].iter().position(|line| *line == closing).map_or(1, |length| length + 1);
            if length > MAX_FUNCTION && !line.trim_end().ends_with('}') {
                complaints.push(format!(
                    "{}:{}: {} has {length} lines, {MAX_FUNCTION} at most",
                    file.path,
                    at + 1,
                    &found[5]
                ));
            }
        }
    }
    holds(&complaints);
}

#[test]
fn every_file_says_what_it_is() {
    let undocumented = |file: &Source| !file.lines.first().is_some_and(|line| line.starts_with("//! "));
    let files = files("src", "rs").into_iter().chain(files("tests", "rs")).chain(files("benches", "rs"));
    holds(
        &files
            .filter(undocumented)
            .map(|file| format!("{}: no module documentation at the top", file.path))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn nothing_panics_without_saying_why_it_cannot() {
    let panics = Regex::new(r"\.unwrap\(\)|\.expect\(|\b(panic|todo|unimplemented|unreachable)!").expect("a pattern");
    let mut complaints = Vec::new();
    for file in files("src", "rs").iter().filter(|file| !file.is_test()) {
        for (number, line) in file.code().into_iter().filter(|(_, line)| panics.is_match(line)) {
            let reasoned = line.contains("//") || number > 1 && file.lines[number - 2].trim_start().starts_with("//");
            if !reasoned {
                complaints.push(format!(
                    "{}:{number}: say in a comment why this cannot fail: {}",
                    file.path,
                    line.trim()
                ));
            }
        }
    }
    holds(&complaints);
}

#[test]
fn nothing_is_left_to_be_done() {
    let words = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["XX", "X"].concat()];
    let mut complaints = Vec::new();
    let all = ["rs", "js", "css", "html", "sql", "sh", "md", "toml"];
    for file in all
        .into_iter()
        .flat_map(|ending| ["src", "tests", "static", "benches", "migrations", "docs"].map(|dir| files(dir, ending)))
        .flatten()
    {
        for (at, line) in
            file.lines.iter().enumerate().filter(|(_, line)| words.iter().any(|word| line.contains(word.as_str())))
        {
            complaints.push(format!("{}:{}: {}", file.path, at + 1, line.trim()));
        }
    }
    holds(&complaints);
}

#[test]
fn tests_are_named_by_what_is_true() {
    let named = Regex::new(r"fn (\w+)").expect("a pattern");
    let mut complaints = Vec::new();
    for file in files("src", "rs").into_iter().chain(files("tests", "rs")) {
        for pair in file.lines.windows(2).filter(|pair| pair[0].trim().starts_with("#[") && pair[0].contains("test")) {
            let Some(found) = named.captures(&pair[1]) else { continue };
            if found[1].split('_').count() < 3 {
                complaints.push(format!("{}: {} is no sentence", file.path, &found[1]));
            }
        }
    }
    holds(&complaints);
}

#[test]
fn every_setting_is_documented() {
    let declared = Regex::new(r#"setting!\(\s*"([a-z_.0-9]+)",\s*"([A-Z_0-9]+)""#).expect("a pattern");
    let settings = source(&root().join("src/config/settings.rs")).lines.join("\n");
    let page = source(&root().join("docs/configuration.md")).lines.join("\n");
    let names: Vec<String> =
        declared.captures_iter(&settings).flat_map(|found| [found[1].to_owned(), found[2].to_owned()]).collect();

    assert!(names.len() > 20, "the settings were not found in their file");
    holds(
        &names
            .into_iter()
            .filter(|name| !page.contains(name.as_str()))
            .map(|name| format!("docs/configuration.md does not name {name}"))
            .collect::<Vec<_>>(),
    );
}

/// Copyleft that would bind the whole: a licence is fine when one of its alternatives is.
#[test]
fn no_dependency_has_a_licence_that_binds_us() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--manifest-path"])
        .arg(root().join("Cargo.toml"))
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&metadata.stdout)
        .unwrap_or_else(|_| panic!("no metadata: {}", String::from_utf8_lossy(&metadata.stderr)));
    let packages = metadata["packages"].as_array().expect("packages");

    let binding = |licence: &str| licence.replace('/', " OR ").split(" OR ").all(|one| one.contains("GPL"));
    let complaints = packages.iter().filter_map(|package| match package["license"].as_str() {
        Some(licence) if !binding(licence) => None,
        None if package["license_file"].is_string() => None,
        licence => Some(format!("{} {}: {licence:?}", package["name"], package["version"])),
    });
    assert!(packages.len() > 50);
    holds(&complaints.collect::<Vec<_>>());
}
