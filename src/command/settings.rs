//! `tertulia config`: what can be set, and whether what is set is fine.

use tertulia::config::{self, Config};

/// Prints the settings, or checks those in force.
pub fn config(markdown: bool, check: bool, load: impl Fn() -> anyhow::Result<Config>) -> anyhow::Result<()> {
    if check {
        load()?;
        eprintln!("the settings are fine");
    } else if markdown {
        print!("{}", config::markdown());
    } else {
        print!("{}", config::describe());
    }
    Ok(())
}
