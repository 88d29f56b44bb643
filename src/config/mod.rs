//! Every setting: its name, its environment variable, its default and its meaning, in one table
//! ([`settings::SETTINGS`]). `tertulia config` prints the table; the file (TOML) and the environment are read through
//! it, so that an unknown name or a bad value is refused with a sentence that says what to write.
//!
//! Order: default, then the file named by `--config` or `TERTULIA_CONFIG`, then the environment.

mod read;
mod settings;
mod values;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::domain::network::Cidr;
use crate::domain::posting::PostRules;
use crate::domain::visibility::Visibility;

pub use read::{ConfigError, describe, load, markdown};
pub use settings::{SETTINGS, Setting};
pub use values::span;

/// All settings, read and checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// `server.*`
    pub server: Server,
    /// `chat.*`
    pub chat: Chat,
    /// `scripts.*`
    pub scripts: Scripts,
    /// `schemas.*`
    pub schemas: Schemas,
    /// `media.*`
    pub media: Media,
    /// `socket.*`
    pub socket: Socket,
    /// `auth.*`
    pub auth: Auth,
    /// `widget.*`
    pub widget: Widget,
    /// `botkit.*`
    pub botkit: Botkit,
    /// `mail.*`
    pub mail: Mail,
    /// `notifications.*`
    pub notifications: Notifications,
    /// `outbound.*`
    pub outbound: Outbound,
    /// `channels.*`
    pub channels: Channels,
    /// `bots.*`
    pub bots: Bots,
    /// `jobs.*`
    pub jobs: Jobs,
    /// `limits.*`
    pub limits: Limits,
    /// `surveys.*`
    pub surveys: Surveys,
    /// `log.*`
    pub log: Log,
}

/// Where the server listens and keeps its things.
#[derive(Clone, Debug)]
pub struct Server {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// How the world calls this server, without a slash at the end; by default `http://` and the address listened on.
    pub public_url: Option<String>,
    /// The directory of everything that is kept.
    pub data_dir: PathBuf,
    /// A folder whose files are served at the root.
    pub site_dir: Option<PathBuf>,
    /// The database.
    pub database_url: Option<String>,
    /// Threads that serve connections; 0 for one per core.
    pub workers: usize,
    /// Threads on which chat threads live; 0 for one per two cores.
    pub arbiters: usize,
    /// How long SIGTERM waits for what is under way.
    pub shutdown: Duration,
    /// Whether a superuser may turn the house's clock over REST.
    pub turnable_clock: bool,
}

/// The rules of threads and messages.
#[derive(Clone, Debug, Default)]
pub struct Chat {
    /// The types that threads may have.
    pub types: Vec<String>,
    /// The page size when a list is asked for without `limit`; 0 for none, which makes a missing `limit` an error.
    pub default_page_size: usize,
    /// The largest page.
    pub max_page_size: usize,
    /// Defaults and limits of posts.
    pub posts: PostRules,
    /// Whether texts leave `/api` and frames HTML-escaped.
    pub escape_text: bool,
    /// Which message types only some roles may see.
    pub visibility: Visibility,
    /// How long a thread stays in memory after the last thing that happened in it.
    pub idle: Duration,
    /// In threads of more members than this, `presence_updated` is not told.
    pub presence_members: usize,
}

/// Scripted conversations.
#[derive(Clone, Debug, Default)]
pub struct Scripts {
    /// Whether the variables begin anew when a run is repeated.
    pub reset_variables: bool,
    /// How often is looked for finished runs whose time to start again has come.
    pub restart_every: Duration,
}

/// Scripts and surveys.
#[derive(Clone, Debug, Default)]
pub struct Schemas {
    /// The types that schemas may have.
    pub types: Vec<String>,
    /// Those whose list everybody may ask for.
    pub listable: Vec<String>,
    /// Those of which everybody may read what is published.
    pub readable: Vec<String>,
    /// Whether published ones may be changed, which confuses conversations under way.
    pub edit_published: bool,
}

/// Doors of other protocols.
#[derive(Clone, Debug, Default)]
pub struct Channels {
    /// The file with an entry for each connector.
    pub credentials: PathBuf,
}

/// Files.
#[derive(Clone, Debug, Default)]
pub struct Media {
    /// The largest file in bytes.
    pub max_bytes: usize,
    /// File name endings that `file` attachments may have.
    pub file_types: Vec<String>,
    /// Picture formats that `image` attachments may have.
    pub image_types: Vec<String>,
}

/// The WebSocket.
#[derive(Clone, Debug, Default)]
pub struct Socket {
    /// Origins, besides the server's own, from which the session cookie opens a socket.
    pub allowed_origins: Vec<String>,
    /// How often the server pings.
    pub heartbeat: Duration,
    /// A peer that is silent for so long is gone.
    pub timeout: Duration,
    /// The kernel gives a peer that takes nothing up after so long.
    pub write_timeout: Duration,
    /// The most bytes waiting for one connection.
    pub outbox_bytes: usize,
    /// Commands of one connection under way at once.
    pub in_flight: usize,
    /// The largest frame in bytes.
    pub max_frame: usize,
    /// The most changes of one thread that `resume` sends again.
    pub resume_limit: usize,
    /// Connections of the whole server.
    pub max_connections: usize,
}

/// Who may come in, and how.
#[derive(Clone, Debug, Default)]
pub struct Auth {
    /// The algorithm of the embedding site's tokens: HS256, RS256 or EdDSA.
    pub jwt_algorithm: Option<String>,
    /// The shared secret for HS256.
    pub jwt_secret: Option<String>,
    /// The PEM file of the public key for RS256 and EdDSA.
    pub jwt_public_key: Option<PathBuf>,
    /// The `iss` that tokens must carry.
    pub jwt_issuer: Option<String>,
    /// The `aud` that tokens must carry.
    pub jwt_audience: Option<String>,
    /// How long an operator stays signed in.
    pub login: Duration,
    /// The first administrator's address.
    pub admin_email: Option<String>,
    /// The first administrator's password.
    pub admin_password: Option<String>,
}

/// The widget.
#[derive(Clone, Debug, Default)]
pub struct Widget {
    /// Origins of the pages that embed the widget; `*` for any.
    pub allowed_origins: Vec<String>,
    /// The secret with which the embedding site proves who its users are.
    pub identity_secret: Option<String>,
    /// Whether visitors must be proven.
    pub identity_required: bool,
    /// The type of the widget's threads.
    pub thread_type: String,
    /// How long a visitor token is good.
    pub visitor: Duration,
    /// The scripts that new conversations begin with: key of the conversation, name of the schema.
    pub scripts: BTreeMap<String, String>,
}

/// Botkit's door.
#[derive(Clone, Debug, Default)]
pub struct Botkit {
    /// Whether its clients may connect.
    pub enabled: bool,
    /// The widget through which its visitors find somebody; the first of the website if `None`.
    pub widget: Option<i64>,
    /// Accounts of bots whose Markdown is trusted.
    pub trusted: Vec<String>,
    /// Other origins whose pages may connect.
    pub allowed_origins: Vec<String>,
    /// Sites that may show the chat page in a frame.
    pub embedded_by: Vec<String>,
    /// Schemas that a page may begin by name.
    pub scripts: Vec<String>,
    /// How long a webhook request waits for the reply.
    pub reply_timeout: Duration,
    /// What was missed is sent again if it is not older.
    pub outbox_age: Duration,
    /// Messages that one browser may send in a minute.
    pub messages_per_minute: u32,
    /// Sockets that one browser may have open.
    pub sockets: u32,
}

/// Mail to members who are away.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    /// The mail server, `smtp://user:password@host:port` or `smtps://…`; no mail without it.
    pub smtp_url: Option<String>,
    /// The sender, `Name <address>`.
    pub from: Option<String>,
}

/// Telling members who are away.
#[derive(Clone, Debug, Default)]
pub struct Notifications {
    /// How long a message may stay unread before it is told.
    pub delay: Duration,
    /// Where a notification leads, with `{thread}` for the thread's number; the desk if `None`.
    pub link: Option<String>,
    /// Where the host's system takes notifications.
    pub webhook_url: Option<String>,
    /// The secret with which they are signed.
    pub webhook_secret: Option<String>,
    /// How long a question may stay unanswered before its member is reminded; zero: no reminders.
    pub remind_after: Duration,
}

/// Calls to other servers.
#[derive(Clone, Debug, Default)]
pub struct Outbound {
    /// Networks that may be reached although they are private.
    pub allow: Vec<Cidr>,
    /// The longest wait for a connection.
    pub connect_timeout: Duration,
    /// The longest call.
    pub timeout: Duration,
    /// The most bytes of an answer that are read.
    pub max_answer: usize,
}

/// Bots: built-in ones, and calls of webhooks.
#[derive(Clone, Debug, Default)]
pub struct Bots {
    /// The longest call, from the first byte sent to the last received.
    pub timeout: Duration,
    /// The longest wait for a connection.
    pub connect_timeout: Duration,
    /// The longest that a file of a bot's is fetched.
    pub file_timeout: Duration,
    /// The wait before the second try; the third comes after three times as much.
    pub retry_wait: Duration,
    /// The host under which providers reach this server; that of `server.public_url` if `None`.
    pub domain: Option<String>,
    /// Where Telegram is.
    pub telegram_api: String,
    /// Where Kik is.
    pub kik_api: String,
    /// Where Messenger is.
    pub messenger_api: String,
    /// The version in Messenger's paths.
    pub messenger_version: String,
    /// Whether bots may be connected to Kik.
    pub kik: bool,
    /// Messages of one person that are answered in a minute.
    pub messages_per_minute: u32,
    /// How long it is remembered what came in and what was posted to hooks.
    pub retention: Duration,
}

/// Deliveries to other servers.
#[derive(Clone, Debug, Default)]
pub struct Jobs {
    /// Deliveries at once.
    pub concurrency: usize,
    /// How often a delivery is tried.
    pub tries: u32,
    /// The wait after the first failure; doubled with each further one.
    pub backoff: Duration,
    /// The longest such wait.
    pub max_backoff: Duration,
    /// How long a delivery may be under way before it is taken again.
    pub lease: Duration,
}

/// Rates.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// New visitors per address and minute.
    pub visitors_per_minute: u32,
    /// Tries to sign in per address and minute.
    pub logins_per_minute: u32,
    /// The largest JSON body in bytes.
    pub body_bytes: usize,
}

/// Surveys.
#[derive(Clone, Debug, Default)]
pub struct Surveys {
    /// The types of schemas that surveys may have.
    pub types: Vec<String>,
}

/// What is logged.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// What to log, as `tracing` filters are written.
    pub filter: String,
    /// `text` or `json`.
    pub json: bool,
}

impl Config {
    /// The database file: SQLite's path.
    pub fn database_path(&self) -> PathBuf {
        match self.server.database_url.as_deref().and_then(|url| url.strip_prefix("sqlite://")) {
            Some(path) => PathBuf::from(path),
            None => self.server.data_dir.join("tertulia.sqlite3"),
        }
    }

    /// The directory of uploaded files.
    pub fn media_dir(&self) -> PathBuf {
        self.server.data_dir.join("media")
    }
}
