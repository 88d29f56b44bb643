//! The table of all settings.

use super::Config;
use super::values::{
    address, lasting, list, number, optional, origins, pairs, positive, size, span, truth, url, visibility,
};

/// One setting.
pub struct Setting {
    /// Its name in the file: `section.name`.
    pub key: &'static str,
    /// Its environment variable.
    pub env: &'static str,
    /// Its default, as one would write it.
    pub default: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Whether the value must not be shown.
    pub secret: bool,
    pub(super) set: fn(&mut Config, &str) -> Result<(), String>,
}

macro_rules! setting {
    ($key:literal, $env:literal, $default:literal, $meaning:literal, |$config:ident, $text:ident| $set:expr) => {
        setting!($key, $env, $default, $meaning, false, |$config, $text| $set)
    };
    ($key:literal, $env:literal, $default:literal, $meaning:literal, $secret:literal, |$config:ident, $text:ident| $set:expr) => {
        Setting {
            key: $key,
            env: $env,
            default: $default,
            meaning: $meaning,
            secret: $secret,
            set: |$config, $text| {
                $set;
                Ok(())
            },
        }
    };
}

/// Every setting, in the order in which people need them.
#[rustfmt::skip]
pub static SETTINGS: &[Setting] = &[
    setting!("server.listen", "TERTULIA_LISTEN", "127.0.0.1:8080",
        "Address and port to listen on. Port 0 takes a free one, which is printed.",
        |c, text| c.server.listen = address(text)?),
    setting!("server.public_url", "TERTULIA_PUBLIC_URL", "",
        "How browsers reach this server, e.g. https://chat.example.org. Empty: http:// and the address listened on.",
        |c, text| c.server.public_url = url(text)?),
    setting!("server.data_dir", "TERTULIA_DATA_DIR", "./data",
        "Directory of everything that is kept: database, uploaded files, signing key.",
        |c, text| c.server.data_dir = text.into()),
    setting!("server.database_url", "DATABASE_URL", "",
        "sqlite://PATH. Empty: tertulia.sqlite3 in the data directory.",
        |c, text| c.server.database_url = database(text)?),
    setting!("server.turnable_clock", "TERTULIA_SERVER_TURNABLE_CLOCK", "false",
        "Lets a superuser turn the server's clock (POST /api/admin/clock), to try out trackers and reminders. Never in production.",
        |c, text| c.server.turnable_clock = truth(text)?),
    setting!("server.workers", "TERTULIA_SERVER_WORKERS", "0",
        "Threads that serve connections. 0: one per core.",
        |c, text| c.server.workers = number(text)?),
    setting!("server.arbiters", "TERTULIA_SERVER_ARBITERS", "0",
        "Threads on which the chat threads' actors live. 0: one per two cores.",
        |c, text| c.server.arbiters = number(text)?),
    setting!("server.shutdown", "TERTULIA_SERVER_SHUTDOWN", "8s",
        "How long SIGTERM waits for what is under way.",
        |c, text| c.server.shutdown = span(text)?),
    setting!("chat.types", "TERTULIA_CHAT_TYPES", "chat,survey,tracker",
        "The types that threads may have.",
        |c, text| c.chat.types = list(text)),
    setting!("chat.default_page_size", "TERTULIA_CHAT_DEFAULT_PAGE_SIZE", "50",
        "Page size when a list is asked for without limit. 0: a missing limit is an error.",
        |c, text| c.chat.default_page_size = number(text)?),
    setting!("chat.max_page_size", "TERTULIA_CHAT_MAX_PAGE_SIZE", "1000",
        "The largest page; a larger limit is cut to it.",
        |c, text| c.chat.max_page_size = positive::<u32>(text)? as usize),
    setting!("chat.default_message_type", "TERTULIA_CHAT_DEFAULT_MESSAGE_TYPE", "message",
        "The type of a post that names none. Empty: the type is required.",
        |c, text| c.chat.posts.default_type = optional(text)),
    setting!("chat.max_text", "TERTULIA_CHAT_MAX_TEXT", "20000",
        "The longest text of a message, in characters.",
        |c, text| c.chat.posts.max_text = positive::<u32>(text)? as usize),
    setting!("chat.max_attachments", "TERTULIA_CHAT_MAX_ATTACHMENTS", "10",
        "The most attachments of one message.",
        |c, text| c.chat.posts.max_attachments = number(text)?),
    setting!("chat.escape_text", "TERTULIA_CHAT_ESCAPE_TEXT", "true",
        "Whether texts leave the API and the socket HTML-escaped. They are stored as sent.",
        |c, text| c.chat.escape_text = truth(text)?),
    setting!("chat.hidden_types", "TERTULIA_CHAT_HIDDEN_TYPES", "private_note=operator,superuser",
        "Message types that only some roles may see: type=role,role; type=role.",
        |c, text| c.chat.visibility = visibility(text)?),
    setting!("chat.idle", "TERTULIA_CHAT_IDLE", "60s",
        "How long a thread stays in memory after the last thing that happened in it.",
        |c, text| c.chat.idle = span(text)?),
    setting!("chat.presence_members", "TERTULIA_CHAT_PRESENCE_MEMBERS", "100",
        "In threads of more members than this, coming and going is not told.",
        |c, text| c.chat.presence_members = number(text)?),
    setting!("scripts.reset_variables", "TERTULIA_SCRIPTS_RESET_VARIABLES", "false",
        "Whether the variables of a script begin anew when it is repeated.",
        |c, text| c.scripts.reset_variables = truth(text)?),
    setting!("scripts.restart_every", "TERTULIA_SCRIPTS_RESTART_EVERY", "1s",
        "How often is looked for finished scripts whose time to start again has come.",
        |c, text| c.scripts.restart_every = lasting(text)?),
    setting!("schemas.types", "TERTULIA_SCHEMAS_TYPES", "survey,automated_flow",
        "The types that schemas may have.",
        |c, text| c.schemas.types = list(text)),
    setting!("schemas.listable", "TERTULIA_SCHEMAS_LISTABLE", "survey,automated_flow",
        "Types of schemas whose list everybody who is signed in may ask for.",
        |c, text| c.schemas.listable = list(text)),
    setting!("schemas.readable", "TERTULIA_SCHEMAS_READABLE", "survey",
        "Types of which everybody who is signed in may read the published schemas.",
        |c, text| c.schemas.readable = list(text)),
    setting!("schemas.edit_published", "TERTULIA_SCHEMAS_EDIT_PUBLISHED", "false",
        "Whether published schemas may be changed and deleted. For development only: conversations under way get confused.",
        |c, text| c.schemas.edit_published = truth(text)?),
    setting!("media.max_bytes", "TERTULIA_MEDIA_MAX_BYTES", "25M",
        "The largest file: bytes, or with k or M.",
        |c, text| c.media.max_bytes = size(text)?),
    setting!("media.file_types", "TERTULIA_MEDIA_FILE_TYPES",
        "pdf,txt,csv,md,doc,docx,xls,xlsx,ppt,pptx,odt,ods,odp,zip,gz,mp3,m4a,ogg,wav,mp4,webm,mov,png,jpg,jpeg,gif,webp",
        "File name endings that attachments of type file may have.",
        |c, text| c.media.file_types = list(&text.to_ascii_lowercase())),
    setting!("media.image_types", "TERTULIA_MEDIA_IMAGE_TYPES", "gif,png,jpg",
        "Formats that attachments of type image may have: gif, png, jpg.",
        |c, text| c.media.image_types = list(&text.to_ascii_lowercase())),
    setting!("socket.allowed_origins", "TERTULIA_SOCKET_ALLOWED_ORIGINS", "",
        "Origins, besides the server's own, from which an operator's cookie opens a socket.",
        |c, text| c.socket.allowed_origins = origins(text)?),
    setting!("socket.heartbeat", "TERTULIA_SOCKET_HEARTBEAT", "25s",
        "How often the server pings a connection.",
        |c, text| c.socket.heartbeat = span(text)?),
    setting!("socket.timeout", "TERTULIA_SOCKET_TIMEOUT", "60s",
        "A connection from which nothing comes for so long is closed.",
        |c, text| c.socket.timeout = span(text)?),
    setting!("socket.write_timeout", "TERTULIA_SOCKET_WRITE_TIMEOUT", "10s",
        "The kernel closes a connection whose peer takes nothing for so long.",
        |c, text| c.socket.write_timeout = span(text)?),
    setting!("socket.outbox_bytes", "TERTULIA_SOCKET_OUTBOX_BYTES", "1M",
        "The most bytes waiting for one connection; beyond it the connection is closed and resumes.",
        |c, text| c.socket.outbox_bytes = size(text)?),
    setting!("socket.in_flight", "TERTULIA_SOCKET_IN_FLIGHT", "256",
        "The most commands of one connection under way at once.",
        |c, text| c.socket.in_flight = positive::<u32>(text)? as usize),
    setting!("socket.max_frame", "TERTULIA_SOCKET_MAX_FRAME", "256k",
        "The largest frame that a client may send.",
        |c, text| c.socket.max_frame = size(text)?),
    setting!("socket.resume_limit", "TERTULIA_SOCKET_RESUME_LIMIT", "1000",
        "The most changes of one thread that resume sends again; beyond it the client is told to fetch anew.",
        |c, text| c.socket.resume_limit = number(text)?),
    setting!("socket.max_connections", "TERTULIA_SOCKET_MAX_CONNECTIONS", "25000",
        "The most connections at once.",
        |c, text| c.socket.max_connections = positive::<u32>(text)? as usize),
    setting!("auth.jwt_algorithm", "TERTULIA_AUTH_JWT_ALGORITHM", "",
        "HS256, RS256 or EdDSA: how the embedding site signs its users' tokens. Empty: no such tokens.",
        |c, text| c.auth.jwt_algorithm = algorithm(text)?),
    setting!("auth.jwt_secret", "TERTULIA_AUTH_JWT_SECRET", "",
        "The shared secret for HS256.", true,
        |c, text| c.auth.jwt_secret = optional(text)),
    setting!("auth.jwt_public_key", "TERTULIA_AUTH_JWT_PUBLIC_KEY", "",
        "PEM file with the public key for RS256 or EdDSA.",
        |c, text| c.auth.jwt_public_key = optional(text).map(Into::into)),
    setting!("auth.jwt_issuer", "TERTULIA_AUTH_JWT_ISSUER", "",
        "The iss that tokens must carry. Empty: any.",
        |c, text| c.auth.jwt_issuer = optional(text)),
    setting!("auth.jwt_audience", "TERTULIA_AUTH_JWT_AUDIENCE", "",
        "The aud that tokens must carry. Empty: any.",
        |c, text| c.auth.jwt_audience = optional(text)),
    setting!("auth.login", "TERTULIA_AUTH_LOGIN", "14d",
        "How long an operator stays signed in.",
        |c, text| c.auth.login = span(text)?),
    setting!("auth.admin_email", "TERTULIA_ADMIN_EMAIL", "",
        "The first administrator, made at the start when there is no such account.",
        |c, text| c.auth.admin_email = optional(text)),
    setting!("auth.admin_password", "TERTULIA_ADMIN_PASSWORD", "",
        "The first administrator's password, at least 10 characters.", true,
        |c, text| c.auth.admin_password = optional(text)),
    setting!("widget.allowed_origins", "TERTULIA_WIDGET_ALLOWED_ORIGINS", "*",
        "Origins of the pages that may embed the widget, e.g. https://shop.example; * for any.",
        |c, text| c.widget.allowed_origins = origins(text)?),
    setting!("widget.identity_secret", "TERTULIA_WIDGET_IDENTITY_SECRET", "",
        "The secret with which the embedding site proves its users: user_hash = hex(HMAC-SHA256(secret, user_id)).", true,
        |c, text| c.widget.identity_secret = optional(text)),
    setting!("widget.identity_required", "TERTULIA_WIDGET_IDENTITY_REQUIRED", "false",
        "Whether only proven visitors may come in.",
        |c, text| c.widget.identity_required = truth(text)?),
    setting!("widget.scripts", "TERTULIA_WIDGET_SCRIPTS", "",
        "Scripts that new conversations of the widget begin with: `key=name of the schema`, separated by commas. The key is the page's data-thread-key, `main` where it has none.",
        |c, text| c.widget.scripts = pairs(text)?),
    setting!("widget.thread_type", "TERTULIA_WIDGET_THREAD_TYPE", "chat",
        "The type of the widget's threads.",
        |c, text| c.widget.thread_type = text.to_owned()),
    setting!("widget.visitor", "TERTULIA_WIDGET_VISITOR", "365d",
        "How long a visitor token is good.",
        |c, text| c.widget.visitor = span(text)?),
    setting!("limits.visitors_per_minute", "TERTULIA_LIMITS_VISITORS_PER_MINUTE", "30",
        "New visitors per address and minute.",
        |c, text| c.limits.visitors_per_minute = positive(text)?),
    setting!("limits.logins_per_minute", "TERTULIA_LIMITS_LOGINS_PER_MINUTE", "10",
        "Tries to sign in per address and minute.",
        |c, text| c.limits.logins_per_minute = positive(text)?),
    setting!("limits.body_bytes", "TERTULIA_LIMITS_BODY_BYTES", "1M",
        "The largest JSON body without files.",
        |c, text| c.limits.body_bytes = size(text)?),
    setting!("surveys.types", "TERTULIA_SURVEYS_TYPES", "survey",
        "The types of schemas that surveys may have.",
        |c, text| c.surveys.types = list(text)),
    setting!("log.filter", "TERTULIA_LOG", "info",
        "What to log: error, warn, info, debug, or a filter such as tertulia=debug,info.",
        |c, text| c.log.filter = text.to_owned()),
    setting!("log.format", "TERTULIA_LOG_FORMAT", "text",
        "text or json.",
        |c, text| c.log.json = format_of_logs(text)?),
];

fn database(text: &str) -> Result<Option<String>, String> {
    match optional(text) {
        Some(url) if url.starts_with("postgres") => {
            Err("this release speaks SQLite only; write sqlite:///path/to/file, or leave it empty".to_owned())
        }
        Some(url) if !url.starts_with("sqlite://") => Err("write sqlite:///path/to/file, or leave it empty".to_owned()),
        url => Ok(url),
    }
}

fn algorithm(text: &str) -> Result<Option<String>, String> {
    match optional(text) {
        Some(name) if !["HS256", "RS256", "EdDSA"].contains(&name.as_str()) => {
            Err("write HS256, RS256 or EdDSA".to_owned())
        }
        name => Ok(name),
    }
}

fn format_of_logs(text: &str) -> Result<bool, String> {
    match text {
        "json" => Ok(true),
        "text" => Ok(false),
        _ => Err("write text or json".to_owned()),
    }
}
