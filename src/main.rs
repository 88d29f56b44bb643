//! The command line: `serve` (what is done when nothing is said), `migrate`, `user`, `token`, `schema`, `backup`, `config`.
//!
//! Commands print JSON on standard output and words on standard error, and work while the server runs.

mod command;

use std::process::ExitCode;

use clap::Parser;

#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let line = command::Line::parse();
    match command::run(line) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("tertulia: {error:#}");
            ExitCode::FAILURE
        }
    }
}
