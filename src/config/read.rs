//! Reading the settings: defaults, file, environment, in this order, all through the table.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use super::settings::{SETTINGS, Setting};
use super::{
    Auth, Botkit, Bots, Channels, Chat, Config, Jobs, Limits, Log, Mail, Media, Notifications, Outbound, Schemas,
    Scripts, Server, Socket, Surveys, Widget,
};

/// Why the settings were refused; the text says what to write.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {path}: {why}")]
    File {
        /// Which file.
        path: String,
        /// Why not.
        why: String,
    },
    /// A name that is no setting.
    #[error("unknown setting \"{name}\" in {place}{hint}; `tertulia config` lists all settings")]
    Unknown {
        /// The name.
        name: String,
        /// Where it stands.
        place: String,
        /// A name that was perhaps meant.
        hint: String,
    },
    /// A value that cannot be.
    #[error("{place}: \"{value}\" is no value for {name}: {advice} (the default is \"{default}\")")]
    Value {
        /// The setting.
        name: String,
        /// Where it stands.
        place: String,
        /// What was written.
        value: String,
        /// What to write.
        advice: String,
        /// What holds when nothing is written.
        default: &'static str,
    },
    /// Settings that do not go together.
    #[error("{0}")]
    Together(String),
}

/// Variables that start like ours but belong to the command line or to other parts.
const OTHER_VARIABLES: [&str; 1] = ["TERTULIA_CONFIG"];

/// Reads all settings: defaults, then `file`, then `environment`.
pub fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let mut config = blank();
    for setting in SETTINGS {
        apply(&mut config, setting, setting.default, "the defaults")?;
    }
    if let Some(path) = file {
        read_file(&mut config, path)?;
    }
    for (name, value) in environment {
        match SETTINGS.iter().find(|setting| setting.env == name) {
            Some(setting) => apply(&mut config, setting, &value, &format!("the environment ({name})"))?,
            None if name.starts_with("TERTULIA_") && !OTHER_VARIABLES.contains(&name.as_str()) => {
                return Err(unknown(&name, "the environment", SETTINGS.iter().map(|setting| setting.env)));
            }
            None => {}
        }
    }
    check_together(&config)?;
    Ok(config)
}

fn read_file(config: &mut Config, path: &Path) -> Result<(), ConfigError> {
    let place = path.display().to_string();
    let refuse = |why: String| ConfigError::File { path: place.clone(), why };
    let text = std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| refuse(error.to_string()))?;
    for (section, values) in table {
        let Some(values) = values.as_table() else {
            return Err(unknown(&section, &place, SETTINGS.iter().map(|setting| setting.key)));
        };
        for (name, value) in values {
            let key = format!("{section}.{name}");
            let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) else {
                return Err(unknown(&key, &place, SETTINGS.iter().map(|setting| setting.key)));
            };
            apply(config, setting, &plain(value), &place)?;
        }
    }
    Ok(())
}

/// A TOML value as one would write it in the environment.
fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

fn apply(config: &mut Config, setting: &Setting, value: &str, place: &str) -> Result<(), ConfigError> {
    (setting.set)(config, value.trim()).map_err(|advice| ConfigError::Value {
        name: setting.key.to_owned(),
        place: place.to_owned(),
        value: if setting.secret { "…".to_owned() } else { value.to_owned() },
        advice,
        default: setting.default,
    })
}

/// An unknown name, with the known one that shares most of its beginning or end.
fn unknown(name: &str, place: &str, known: impl Iterator<Item = &'static str>) -> ConfigError {
    let likeness = |candidate: &str| {
        let ahead = candidate.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
        let behind = candidate.bytes().rev().zip(name.bytes().rev()).take_while(|(a, b)| a == b).count();
        ahead + behind
    };
    let nearest = known.max_by_key(|candidate| likeness(candidate));
    let hint = nearest
        .filter(|candidate| likeness(candidate) * 2 >= name.len())
        .map_or_else(String::new, |candidate| format!(" (did you mean \"{candidate}\"?)"));
    ConfigError::Unknown { name: name.to_owned(), place: place.to_owned(), hint }
}

fn check_together(config: &Config) -> Result<(), ConfigError> {
    let refuse = |text: &str| Err(ConfigError::Together(text.to_owned()));
    match (config.auth.jwt_algorithm.as_deref(), &config.auth.jwt_secret, &config.auth.jwt_public_key) {
        (Some("HS256"), None, _) => return refuse("auth.jwt_algorithm is HS256: write auth.jwt_secret too"),
        (Some("RS256" | "EdDSA"), _, None) => {
            return refuse("auth.jwt_algorithm is RS256 or EdDSA: write auth.jwt_public_key too");
        }
        _ => {}
    }
    if config.widget.identity_required && config.widget.identity_secret.is_none() {
        return refuse("widget.identity_required is true: write widget.identity_secret too");
    }
    if config.auth.admin_email.is_some() != config.auth.admin_password.is_some() {
        return refuse("auth.admin_email and auth.admin_password go together: write both, or neither");
    }
    if config.auth.admin_password.as_ref().is_some_and(|password| password.chars().count() < 10) {
        return refuse("auth.admin_password is too short: write at least 10 characters");
    }
    if !config.chat.types.contains(&config.widget.thread_type) {
        return refuse("widget.thread_type is not among chat.types: add it there");
    }
    check_deliveries(config).or_else(refuse)
}

fn check_deliveries(config: &Config) -> Result<(), &'static str> {
    if config.mail.smtp_url.is_some() != config.mail.from.is_some() {
        return Err("mail.smtp_url and mail.from go together: write both, or neither");
    }
    let notifications = &config.notifications;
    if notifications.webhook_url.is_some() && notifications.webhook_secret.is_none() {
        return Err("notifications.webhook_url is set: write notifications.webhook_secret too");
    }
    if config.jobs.lease <= config.outbound.timeout {
        return Err("jobs.lease must be longer than outbound.timeout, or deliveries under way are taken twice");
    }
    Ok(())
}

/// The settings, their defaults and meanings, as `tertulia config` prints them.
pub fn describe() -> String {
    let mut text = String::from("# Every setting with its default. Uncomment what you change.\n");
    let mut section = "";
    for setting in SETTINGS {
        let (part, name) = setting.key.split_once('.').unwrap_or(("", setting.key));
        if part != section {
            section = part;
            let _ = write!(text, "\n[{section}]\n");
        }
        let _ = write!(text, "# {} ({})\n# {name} = \"{}\"\n", setting.meaning, setting.env, setting.default);
    }
    text
}

/// The same as a table for the documentation.
pub fn markdown() -> String {
    let mut text = String::from("| setting | environment | default | meaning |\n| --- | --- | --- | --- |\n");
    for Setting { key, env, default, meaning, .. } in SETTINGS {
        let default = if default.is_empty() { "–".to_owned() } else { format!("`{default}`") };
        let _ = writeln!(text, "| `{key}` | `{env}` | {default} | {meaning} |");
    }
    text
}

/// A configuration before its defaults are read; every field is overwritten by the table.
fn blank() -> Config {
    Config {
        server: Server {
            listen: ([127, 0, 0, 1], 0).into(),
            public_url: None,
            data_dir: "".into(),
            site_dir: None,
            database_url: None,
            workers: 0,
            arbiters: 0,
            shutdown: Duration::ZERO,
            turnable_clock: false,
        },
        chat: Chat::default(),
        scripts: Scripts::default(),
        schemas: Schemas::default(),
        media: Media::default(),
        socket: Socket::default(),
        auth: Auth::default(),
        widget: Widget::default(),
        botkit: Botkit::default(),
        mail: Mail::default(),
        notifications: Notifications::default(),
        outbound: Outbound::default(),
        channels: Channels::default(),
        bots: Bots::default(),
        jobs: Jobs::default(),
        limits: Limits::default(),
        surveys: Surveys::default(),
        log: Log::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Result<Config, String> {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        load(None, pairs).map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_fine_and_the_environment_wins() {
        assert_eq!(with(&[]).expect("defaults").chat.default_page_size, 50);
        let config = with(&[("TERTULIA_CHAT_MAX_TEXT", "7"), ("PATH", "/bin")]).expect("fine");
        assert_eq!(config.chat.posts.max_text, 7);
    }

    #[test]
    fn refusals_say_what_to_write() {
        let table: [(&[(&str, &str)], &str); 10] = [
            (&[("TERTULIA_LISTN", "x")], "did you mean \"TERTULIA_LISTEN\"?"),
            (&[("TERTULIA_LISTEN", "here")], "write an address and a port"),
            (&[("TERTULIA_AUTH_JWT_ALGORITHM", "HS256")], "write auth.jwt_secret too"),
            (&[("TERTULIA_ADMIN_PASSWORD", "long enough")], "write both"),
            (&[("TERTULIA_ADMIN_EMAIL", "a@b"), ("TERTULIA_ADMIN_PASSWORD", "short")], "at least 10 characters"),
            (&[("TERTULIA_OUTBOUND_ALLOW", "10.0.0.0/40")], "write networks"),
            (&[("TERTULIA_MAIL_SMTP_URL", "smtp://localhost")], "write both, or neither"),
            (&[("TERTULIA_MAIL_SMTP_URL", "localhost:25")], "smtp://user:password@host:port"),
            (&[("TERTULIA_JOBS_LEASE", "1s")], "longer than outbound.timeout"),
            (&[("DATABASE_URL", "mysql://x")], "write sqlite:///path/to/file"),
        ];
        for (pairs, advice) in table {
            let error = with(pairs).expect_err("refused");
            assert!(error.contains(advice), "{error}");
        }
    }

    #[test]
    fn a_file_is_read_and_its_unknown_names_are_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("t.toml");
        std::fs::write(&path, "[chat]\ntypes = [\"chat\", \"room\"]\nmax_text = 9\n").expect("written");
        let config = load(Some(&path), []).expect("fine");
        assert_eq!((config.chat.types.len(), config.chat.posts.max_text), (2, 9));
        std::fs::write(&path, "[chat]\nmax_txt = 9\n").expect("written");
        let error = load(Some(&path), []).expect_err("refused").to_string();
        assert!(error.contains("unknown setting \"chat.max_txt\""), "{error}");
        assert!(error.contains("chat.max_text"), "{error}");
    }
}
