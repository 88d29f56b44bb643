//! `tertulia serve`: from settings to an open door, and back again on SIGTERM.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::time::Duration;

use anyhow::{Context, bail};
use tertulia::actors::House;
use tertulia::actors::presence::Goodbye;
use tertulia::config::Config;
use tertulia::domain::Role;
use tertulia::store::accounts::{self, Credential, NewAccount};
use tertulia::web::entry::login::hash;
use tertulia::web::entry::tickets::Bearer;
use tertulia::web::{Doors, channels, server};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::demo;

/// How long clients get to take their `goodbye` before connections are cut.
const FAREWELL: Duration = Duration::from_millis(300);
/// The longest stop, whatever is under way.
const LONGEST_STOP: Duration = Duration::from_millis(9_500);

/// Serves until SIGTERM or SIGINT.
pub fn serve(config: Config, with_demo: bool) -> anyhow::Result<()> {
    log(&config)?;
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "a panic")));
    server::raise_file_limit();
    actix_web::rt::System::new().block_on(run(config, with_demo))
}

fn log(config: &Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log.filter).context("log.filter")?;
    // it calls a client's broken frame or request an error of the server's
    let filter = filter.add_directive("actix_http=off".parse().context("log.filter")?);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let set = if config.log.json { builder.json().try_init() } else { builder.with_ansi(false).try_init() };
    set.map_err(|error| anyhow::anyhow!("logging could not be set up: {error}"))
}

/// Two servers on one data directory would not see each other's changes.
fn lock(config: &Config) -> anyhow::Result<File> {
    let directory = &config.server.data_dir;
    std::fs::create_dir_all(directory)
        .with_context(|| format!("cannot make the data directory {}", directory.display()))?;
    let path = directory.join("server.lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!(
                "another server is already running on the data directory {}; stop it, or choose another TERTULIA_DATA_DIR",
                directory.display()
            )
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}

async fn run(mut config: Config, with_demo: bool) -> anyhow::Result<()> {
    if with_demo && config.widget.scripts.is_empty() {
        config.widget.scripts = demo::scripts();
    }
    let lock = lock(&config)?;
    let listener = server::listen(&config)
        .with_context(|| format!("cannot listen on {}; is the port taken?", config.server.listen))?;
    let local = format!("http://{}", listener.local_addr()?);
    let public_url = config.server.public_url.clone().unwrap_or_else(|| local.clone());
    let house = House::open(config, &public_url).await?;
    // the demo first: it is for an empty database, and the administrator would be somebody in it
    let demo = if with_demo { demo::seed(&house).await? } else { None };
    first_administrator(&house).await?;
    let doors = Doors::new(house.clone(), &public_url)?;
    // complaints are for people: one a line, before anything is served
    doors.channels.load().await.map_err(|complaints| anyhow::anyhow!("the credentials: {}", complaints.join("; ")))?;
    channels::reload_on_hangup(&doors)?;
    let server = server::serve(&doors, listener)?;
    let jobs = doors.start_jobs();
    let handle = server.handle();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let serving = tokio::spawn(server);
    if let Err(error) = announce(&doors, &local, demo) {
        // whoever started us may have read the first line and gone
        tracing::debug!(%error, "nobody reads where to look");
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    let stop = async {
        // whoever is connected hears it and comes back; then no connection is accepted any more
        house.presence.close_all(Goodbye::Restart);
        doors.channels.stop();
        tokio::time::sleep(FAREWELL).await;
        tokio::join!(handle.stop(true), jobs.stop());
        house.store.close().await;
    };
    tokio::select! {
        stopped = tokio::time::timeout(LONGEST_STOP, stop) => {
            if stopped.is_err() {
                tracing::warn!("not everything ended in time; what was acknowledged is stored");
            }
        }
        _ = terminate.recv() => tracing::warn!("told twice: ending at once"),
        _ = interrupt.recv() => tracing::warn!("told twice: ending at once"),
    }
    serving.abort();
    drop(lock);
    tracing::info!("stopped");
    Ok(())
}

/// The first administrator, out of the settings; never with a password that we made up.
async fn first_administrator(house: &House) -> anyhow::Result<()> {
    let auth = &house.config.auth;
    let (Some(email), Some(password)) = (auth.admin_email.clone(), auth.admin_password.clone()) else { return Ok(()) };
    let email = email.to_lowercase();
    let address = email.clone();
    if house.store.read(move |connection| accounts::by_email(connection, &address)).await?.is_some() {
        return Ok(());
    }
    let new = NewAccount {
        email: Some(email.clone()),
        first_name: "Administrator".into(),
        last_name: String::new(),
        role: Role::Superuser,
        avatar: None,
        password_hash: Some(hash(&password)?),
        external_id: None,
        language: None,
    };
    let now = house.clock.now();
    let made = house.store.write(move |connection| accounts::create(connection, &new, now)).await?;
    tracing::info!(account = made.id, "the first administrator was made");
    Ok(())
}

/// Says where to look; the first line is for programs that wait for it.
fn announce(doors: &Doors, local: &str, demo: Option<i64>) -> std::io::Result<()> {
    let public = &doors.public_url;
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on {local}")?;
    writeln!(out, "  start here        {public}/")?;
    writeln!(out, "  demo shop         {public}/demo")?;
    match demo {
        Some(operator) => {
            let ticket = doors.links.give(Bearer { account: operator, credential: Credential::Signed });
            writeln!(out, "  operator's desk   {public}/enter?ticket={ticket}   (good once, for 15 minutes)")?;
        }
        None => writeln!(out, "  operator's desk   {public}/desk")?,
    }
    writeln!(out, "  REST interface    {public}/api/docs/")?;
    writeln!(out, "  WebSocket         {public}/docs/websocket")?;
    out.flush()
}
