//! The commands, what they take, and help that teaches.

mod accounts;
mod credentials;
mod database;
mod demo;
mod demo_surveys;
mod schemas;
mod serve;
mod settings;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tertulia::config::{self, Config};

/// One server in which people, scripts, bots and messaging channels meet in the same threads, in real time.
#[derive(Parser)]
#[command(
    name = "tertulia",
    version,
    about,
    after_help = "Examples:
  tertulia                                   serve, with demo data on the very first start
  tertulia serve --no-demo                   serve, empty
  echo -n 'a long password' | tertulia user create --email you@example.org --role superuser --password-stdin
  tertulia token create --user 1 --expires 30d
  tertulia schema load survey.json --publish
  tertulia backup /var/backups/tertulia-monday
  tertulia config > tertulia.toml            every setting, with its default and meaning

Settings come from --config (TOML) and from environment variables; `tertulia config` lists them all."
)]
pub struct Line {
    /// Read settings from this TOML file.
    #[arg(long, global = true, env = "TERTULIA_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve: run the migrations, make what is missing, listen. Ends on SIGTERM within 10 seconds.
    Serve {
        /// Make no demo data on the first start.
        #[arg(long)]
        no_demo: bool,
    },
    /// Bring the database up to date, and do nothing else.
    Migrate,
    /// Make and change accounts.
    #[command(subcommand)]
    User(accounts::User),
    /// Make and revoke API tokens.
    #[command(subcommand)]
    Token(accounts::Token),
    /// Load, dump and check schemas: what scripts ask and surveys collect.
    #[command(subcommand)]
    Schema(schemas::Schemas),
    /// Check the file with the entries of the connectors (docs/channels.md).
    #[command(subcommand)]
    Credentials(credentials::Credentials),
    /// Copy the database and the uploaded files into a new directory, consistently, also while the server runs.
    #[command(
        after_help = "To restore: stop the server, put the contents of the directory into the data directory, start.
Clients notice that the history is another one, and fetch anew."
    )]
    Backup {
        /// A directory that is empty or does not exist.
        directory: PathBuf,
    },
    /// Render templates of bots for the server, which starts this itself.
    #[command(hide = true)]
    TemplateWorker,
    /// Print every setting with its default and meaning, as a TOML file to start from.
    Config {
        /// As a Markdown table.
        #[arg(long)]
        markdown: bool,
        /// Check the settings in force (file and environment) and print nothing else.
        #[arg(long)]
        check: bool,
    },
}

/// Carries out one command line.
pub fn run(line: Line) -> anyhow::Result<ExitCode> {
    let load = || -> anyhow::Result<Config> { Ok(config::load(line.config.as_deref(), std::env::vars())?) };
    match line.command.unwrap_or(Command::Serve { no_demo: false }) {
        Command::Serve { no_demo } => serve::serve(load()?, !no_demo)?,
        Command::Migrate => database::migrate(&load()?)?,
        Command::User(command) => accounts::user(&load()?, command)?,
        Command::Token(command) => accounts::token(&load()?, command)?,
        Command::Schema(command) => return schemas::schema(&load()?, command),
        Command::Credentials(command) => return credentials::credentials(&load()?, command),
        Command::Backup { directory } => database::backup(&load()?, &directory)?,
        Command::TemplateWorker => tertulia::bots::templates::worker::serve()?,
        Command::Config { markdown, check } => settings::config(markdown, check, load)?,
    }
    Ok(ExitCode::SUCCESS)
}
