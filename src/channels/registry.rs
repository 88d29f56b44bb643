//! Which connectors run. The credentials file can be read again at any time: what is new starts, what is gone stops, what
//! changed takes the new values; a file with an error changes nothing and says why.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use futures_util::StreamExt;
use serde_json::json;

use super::credentials::{self, Entry};
use super::{Call, Connector, Ground, KINDS, Plan, Refused};
use crate::actors::House;
use crate::config::Config;
use crate::domain::{AccountId, Role};
use crate::store::{Connection, StoreError, accounts};

/// Where the credentials are when nothing else is said; only this file may be missing.
const USUAL: &str = "credentials.yml";
/// The largest credentials file, in bytes.
const MAX_FILE: u64 = 1_048_576;

struct Running {
    entry: Entry,
    connector: Arc<dyn Connector>,
}

/// All connectors that run. Cloning is cheap.
#[derive(Clone)]
pub struct Channels {
    ground: Ground,
    running: Arc<RwLock<Arc<HashMap<String, Running>>>>,
    /// One reading of the file at a time.
    reading: Arc<tokio::sync::Mutex<()>>,
}

impl Channels {
    /// None yet.
    pub fn new(house: House, public_url: &str) -> Self {
        let ground = Ground { house, public_url: public_url.into() };
        Self { ground, running: Arc::default(), reading: Arc::default() }
    }

    fn all(&self) -> Arc<HashMap<String, Running>> {
        self.running.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The connector of that name.
    pub fn get(&self, name: &str) -> Option<Arc<dyn Connector>> {
        self.all().get(name).map(|running| running.connector.clone())
    }

    /// Reads the credentials file and lets run what it says; the names of all that run then. Complaints name entry and key.
    pub async fn load(&self) -> Result<Vec<String>, Vec<String>> {
        let _reading = self.reading.lock().await;
        let (house, config) = (&self.ground.house, self.ground.house.config.clone());
        let find = move |connection: &mut Connection| Ok(entries(&config, Some(connection)));
        let entries = house.store.read(find).await.map_err(|error| vec![error.to_string()])??;
        let plans = plan(&house.config, &entries)?;
        let before = self.all();
        let mut after = HashMap::new();
        for (entry, plan) in entries.into_iter().zip(plans) {
            let kept = before.get(&entry.name).filter(|running| running.entry.is_same(&entry));
            let connector = match kept {
                Some(running) => running.connector.clone(),
                None => (plan.start)(self.ground.clone()),
            };
            after.insert(entry.name.clone(), Running { entry, connector });
        }
        let mut names: Vec<String> = after.keys().cloned().collect();
        names.sort();
        let after = Arc::new(after);
        *self.running.write().unwrap_or_else(PoisonError::into_inner) = after.clone();
        for (name, running) in before.iter() {
            let stays = after.get(name).is_some_and(|now| Arc::ptr_eq(&now.connector, &running.connector));
            if !stays {
                running.connector.stop();
            }
        }
        tracing::info!(connectors = names.join(", "), "the credentials are in force");
        Ok(names)
    }

    /// Ends what connectors hold open.
    pub fn stop(&self) {
        for running in self.all().values() {
            running.connector.stop();
        }
    }

    /// Whether a path is a connector's. Those paths have rules of their own for pages of other origins.
    pub fn owns(&self, path: &str) -> bool {
        path.starts_with("/webhooks/") || self.socket_at(path).is_some()
    }

    fn socket_at(&self, path: &str) -> Option<Arc<dyn Connector>> {
        let all = self.all();
        let is_below = |own: &str| path.strip_prefix(own).is_some_and(|rest| matches!(rest, "" | "/"));
        all.values().find(|it| it.connector.socket_path().is_some_and(is_below)).map(|it| it.connector.clone())
    }

    /// Answers a call to a connector's path.
    pub async fn answer(&self, request: HttpRequest, payload: Payload) -> HttpResponse {
        if let Some(connector) = self.socket_at(request.path()) {
            return match connector.socket(request, payload) {
                Some(answer) => answer.await,
                None => not_found(),
            };
        }
        let path = request.path().strip_prefix("/webhooks/").unwrap_or_default().to_owned();
        let (name, rest) = path.split_once('/').unwrap_or((&path, ""));
        let Some(connector) = self.get(name) else { return not_found() };
        match (rest, request.method()) {
            ("", &Method::GET | &Method::HEAD) => HttpResponse::Ok().json(json!({"status": "ok"})),
            ("", _) => Refused::method().answer(),
            ("webhook" | "webhook/", _) => webhook(connector, request, payload).await,
            _ => not_found(),
        }
    }
}

/// What the start would say of the credentials file, a finding a line; `Err` when there is an error among them. Nothing is
/// started. Without a connection there is no database yet, and so no bot.
pub fn check(config: &Config, connection: Option<&mut Connection>) -> Result<Vec<String>, Vec<String>> {
    let entries = entries(config, connection)?;
    let plans = plan(config, &entries)?;
    let each = entries.iter().zip(plans).map(|(entry, plan)| {
        let verified = if plan.verifies { "are verified" } else { "are NOT verified" };
        format!("{}: {}: calls that come in {verified}", entry.name, entry.channel)
    });
    let mut lines: Vec<String> = each.collect();
    lines.sort();
    Ok(lines)
}

/// The entries of the file, with the accounts of their bots.
fn entries(config: &Config, mut connection: Option<&mut Connection>) -> Result<Vec<Entry>, Vec<String>> {
    let one = |why: String| vec![why];
    let path = &config.channels.credentials;
    let shown = path.display();
    let text = match std::fs::metadata(path) {
        Err(_) if path == Path::new(USUAL) => String::new(),
        Ok(file) if file.len() > MAX_FILE => return Err(one(format!("{shown} is too large"))),
        _ => std::fs::read_to_string(path).map_err(|error| one(format!("cannot read {shown}: {error}")))?,
    };
    let mut entries = credentials::read(&text, &|name| std::env::var(name).ok())?;
    let mut complaints = Vec::new();
    for entry in &mut entries {
        let found = match entry.bot() {
            Ok(None) => continue,
            Ok(Some(named)) => bot(connection.as_deref_mut(), &named),
            Err(why) => Err(why),
        };
        match found {
            Ok(bot) => entry.bots = vec![bot],
            Err(why) => complaints.push(format!("{}: {why}", entry.name)),
        }
    }
    if complaints.is_empty() { Ok(entries) } else { Err(complaints) }
}

/// The bot of that number, address or name.
fn bot(connection: Option<&mut Connection>, named: &str) -> Result<AccountId, String> {
    let find = |connection: &mut Connection| {
        if let Ok(id) = named.parse::<AccountId>() {
            return Ok(accounts::many(connection, &[id])?.pop());
        }
        match accounts::by_email(connection, named)? {
            Some(known) => Ok(Some(known.account)),
            None => accounts::bot_called(connection, named),
        }
    };
    let found = connection.map(find).transpose().map_err(|error: StoreError| error.to_string())?.flatten();
    let bot = found.filter(|account| account.role == Role::Bot);
    bot.map(|bot| bot.id).ok_or_else(|| "bot: there is no bot of that number, address or name".to_owned())
}

/// What is to run for each entry.
fn plan(config: &Config, entries: &[Entry]) -> Result<Vec<Plan>, Vec<String>> {
    let (mut plans, mut complaints) = (Vec::new(), Vec::new());
    for entry in entries {
        match plan_one(config, entry) {
            Ok(plan) => plans.push(plan),
            Err(why) => complaints.push(format!("{}: {why}", entry.name)),
        }
    }
    complaints.extend(twice(&plans));
    if complaints.is_empty() { Ok(plans) } else { Err(complaints) }
}

fn plan_one(config: &Config, entry: &Entry) -> Result<Plan, String> {
    let kind = KINDS.iter().find(|kind| kind.channel == entry.channel);
    let kind = kind.ok_or_else(|| format!("there is no channel of that name; there are {}", known()))?;
    let mut entry = entry.clone();
    let plan = (kind.build)(&mut entry, config)?;
    entry.finish()?;
    Ok(plan)
}

/// Complaints about connectors whose sockets would live in one place.
fn twice(plans: &[Plan]) -> Option<String> {
    let mut paths: Vec<&str> = plans.iter().filter_map(|plan| plan.socket_path.as_deref()).collect();
    paths.sort_unstable();
    let twice = paths.windows(2).any(|pair| pair.first() == pair.last());
    twice.then(|| "socketio_path: two entries have the same".to_owned())
}

fn known() -> String {
    KINDS.iter().map(|kind| kind.channel).collect::<Vec<_>>().join(", ")
}

fn not_found() -> HttpResponse {
    Refused::new(actix_web::http::StatusCode::NOT_FOUND, "not_found", "Not found.").answer()
}

async fn webhook(connector: Arc<dyn Connector>, request: HttpRequest, mut payload: Payload) -> HttpResponse {
    if *request.method() == Method::OPTIONS {
        return connector.preflight(&request).unwrap_or_else(|| Refused::method().answer());
    }
    if *request.method() != Method::POST {
        return Refused::method().answer();
    }
    let limit = connector.common().max_body;
    let body = match web::Payload::from_request(&request, &mut payload).await {
        Ok(payload) => read_body(payload, limit).await,
        Err(_) => Err(Refused::bad("bad_request", "The body could not be read.")),
    };
    match body {
        Ok(body) => match connector.webhook(Call { request, body }) {
            Some(answer) => answer.await,
            None => not_found(),
        },
        Err(refused) => refused.answer(),
    }
}

/// A body within the limit.
pub(super) async fn read_body(mut payload: web::Payload, limit: usize) -> Result<bytes::Bytes, Refused> {
    let mut body = bytes::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Refused::bad("bad_request", "The body could not be read."))?;
        if body.len() + chunk.len() > limit {
            let status = actix_web::http::StatusCode::PAYLOAD_TOO_LARGE;
            return Err(Refused::new(status, "too_large", format!("The body is larger than {limit} bytes.")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
