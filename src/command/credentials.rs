//! `tertulia credentials check`: what the start would say of the credentials file.

use std::process::ExitCode;

use clap::Subcommand;
use tertulia::channels;
use tertulia::config::Config;
use tertulia::store;

/// What can be done with credentials.
#[derive(Subcommand)]
pub enum Credentials {
    /// Read the file as the start does: a finding a line, exit 1 on errors.
    Check,
}

/// Carries it out. The database is only read, for the accounts of bots, so that a server may run meanwhile.
pub fn credentials(config: &Config, command: Credentials) -> anyhow::Result<ExitCode> {
    let Credentials::Check = command;
    tertulia::outbound::prepare_tls();
    let mut connection = store::look_once(&config.database_path())?;
    let (lines, code) = match channels::check(config, connection.as_mut()) {
        Ok(lines) => (lines, ExitCode::SUCCESS),
        Err(lines) => (lines, ExitCode::FAILURE),
    };
    lines.iter().for_each(|line| println!("{line}"));
    Ok(code)
}
