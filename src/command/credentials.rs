//! `tertulia credentials check`: what the start would say of the credentials file.

use std::process::ExitCode;

use clap::Subcommand;
use tertulia::actors::House;
use tertulia::channels::Channels;
use tertulia::config::Config;

/// What can be done with credentials.
#[derive(Subcommand)]
pub enum Credentials {
    /// Read the file as the start does: a finding a line, exit 1 on errors.
    Check,
}

/// Carries it out.
pub fn credentials(config: Config, command: Credentials) -> anyhow::Result<ExitCode> {
    let Credentials::Check = command;
    let public_url = config.server.public_url.clone().unwrap_or_default();
    actix_web::rt::System::new().block_on(async move {
        tertulia::outbound::prepare_tls();
        let house = House::open(config, &public_url).await?;
        let checked = Channels::new(house.clone(), &public_url).check().await;
        house.store.close().await;
        let (lines, code) = match checked {
            Ok(lines) => (lines, ExitCode::SUCCESS),
            Err(lines) => (lines, ExitCode::FAILURE),
        };
        lines.iter().for_each(|line| println!("{line}"));
        Ok(code)
    })
}
