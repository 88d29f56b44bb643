//! Which visitor a session means by a label, and where they talk (botkit contract, 8).

use std::sync::Arc;

use serde_json::{Value, json};

use super::session::Session;
use crate::actors::{self, doors};
use crate::domain::account::Credential;
use crate::domain::botkit::frame::Frame;
use crate::domain::doors::{Arrival, Place};
use crate::domain::{Account, AccountId, Role};
use crate::store::{self, Connection, StoreError, accounts};
use crate::web::entry::{caller, keys};
use crate::web::error::ApiError;
use crate::web::{Doors, visitors};

/// The door's name.
pub(super) const DOOR: &str = "botkit";
/// The largest profile that is kept, in bytes of JSON.
const MAX_PROFILE: usize = 16 * 1_024;

/// A visitor who came in.
pub(super) struct Visitor {
    /// The door's name for their conversation.
    pub(super) conversation: String,
    /// Where they are.
    pub(super) place: Place,
}

/// Somebody who may speak for anybody: a program of the host's, by its API token.
pub(super) struct Speaker(pub(super) AccountId);

/// The conversation that the frame's label means in this session, made known if it is new.
async fn conversation(doors: &Doors, session: &Session, frame: &Frame) -> Result<String, ApiError> {
    let name = session.name();
    let now = doors.house.clock.now();
    let (label, host) = (frame.user.clone(), frame.host_id());
    let work = move |connection: &mut Connection| {
        // each id of the host's is a visitor of their own; labels that the client made are all the one nobody
        let by_page = host.map(|id| format!("{name}:{id}"));
        let Some(label) = label else { return Ok(by_page.unwrap_or(name)) };
        let known = store::botkit::conversation(connection, &name, &label)?;
        let meant = by_page.or_else(|| known.clone()).unwrap_or_else(|| name.clone());
        if known.as_ref() != Some(&meant) {
            store::botkit::note(connection, &name, &label, &meant, now)?;
        }
        Ok(meant)
    };
    Ok(doors.house.store.write(work).await?)
}

/// The account that a token of the host's proves: a JWT whose subject it is, or the widget's proof of an id.
async fn proven(doors: &Doors, frame: &Frame) -> Result<Option<Account>, ApiError> {
    let Some(proof) = frame.proof() else { return Ok(None) };
    if proof.contains('.') {
        let found: Option<(Account, Credential)> = caller::by_jwt(doors, proof).await?;
        return Ok(found.map(|(account, _)| account));
    }
    let secret = doors.house.config.widget.identity_secret.as_deref();
    let (Some(secret), Some(id)) = (secret, frame.host_id()) else { return Ok(None) };
    if !keys::proves(secret, &id, proof) {
        return Ok(None);
    }
    let (now, who) = (doors.house.clock.now(), visitors::Introduction::named(frame.name(), id));
    Ok(doors.house.store.write(move |connection| visitors::make(connection, who, now)).await?)
}

/// The visitor who speaks, brought in; their conversation begins if it is new.
pub(super) async fn arrive(
    doors: &Doors,
    session: &Session,
    frame: &Frame,
    speaker: Option<&Speaker>,
) -> Result<Visitor, ApiError> {
    let account = proven(doors, frame).await?;
    let conversation = match (&account, speaker, &frame.user) {
        (Some(account), _, _) => format!("account:{}", account.id),
        (None, Some(Speaker(host)), Some(user)) => format!("host:{host}:{user}"),
        _ => conversation(doors, session, frame).await?,
    };
    if let (Some(_), Some(label)) = (&account, &frame.user) {
        let (name, label, meant) = (session.name(), label.clone(), conversation.clone());
        let now = doors.house.clock.now();
        let noting = move |connection: &mut Connection| store::botkit::note(connection, &name, &label, &meant, now);
        doors.house.store.write(noting).await?;
    }
    let config = &doors.house.config;
    let arrival = Arrival {
        door: DOOR.to_owned(),
        conversation: conversation.clone(),
        sender: conversation.clone(),
        first_name: frame.name().unwrap_or_default(),
        kind: config.widget.thread_type.clone(),
        account: account.map(|account| account.id),
        bots: bot(doors).await?.into_iter().collect(),
        data: json!({"profile": profile(frame)}),
        ..Arrival::default()
    };
    let place = doors::enter(&doors.house, arrival).await?;
    Ok(Visitor { conversation, place })
}

/// What the page says of the visitor, as far as it is kept.
fn profile(frame: &Frame) -> Value {
    let Some(profile) = &frame.profile else { return Value::Null };
    let mut kept = profile.clone();
    kept.remove("token");
    let kept = Value::Object(kept);
    if kept.to_string().len() <= MAX_PROFILE { kept } else { Value::Null }
}

/// The account of a bot that the settings name by number or address.
async fn named(doors: &Doors, name: &str) -> Result<Option<AccountId>, StoreError> {
    let name = name.to_owned();
    let find = move |connection: &mut Connection| match name.parse::<AccountId>() {
        Ok(id) => accounts::with_credentials(connection, id),
        Err(_) => accounts::by_email(connection, &name),
    };
    let found = doors.house.store.read(find).await?;
    Ok(found.filter(|known| !known.disabled && known.account.role == Role::Bot).map(|known| known.account.id))
}

/// The bot behind this door, if the settings name one.
async fn bot(doors: &Doors) -> Result<Option<AccountId>, StoreError> {
    let Some(name) = &doors.house.config.botkit.bot else { return Ok(None) };
    let found = named(doors, name).await?;
    if found.is_none() {
        tracing::warn!(name, "botkit.bot names no bot");
    }
    Ok(found)
}

/// The bots whose Markdown is trusted.
pub(super) async fn trusted(doors: &Doors) -> Vec<AccountId> {
    let mut trusted = Vec::new();
    for name in &doors.house.config.botkit.trusted {
        match named(doors, name).await {
            Ok(Some(id)) => trusted.push(id),
            Ok(None) => tracing::warn!(name, "botkit.trusted names no bot"),
            Err(error) => tracing::warn!(%error, "the bots of botkit.trusted could not be read"),
        }
    }
    trusted
}

/// Puts the visitor into the script of that name, if a page may begin it. Whether there is one.
pub(super) async fn begin_script(doors: &Doors, visitor: &Visitor, script: &str) -> Result<bool, ApiError> {
    let house = &doors.house;
    if !house.config.botkit.scripts.iter().any(|name| name == script) {
        return Ok(false);
    }
    let name = script.to_owned();
    let found = house.store.read(move |connection| store::schemas::usable(connection, &name)).await?;
    let Some(id) = found else { return Ok(false) };
    let schema = house.store.schema(id).await?;
    actors::begin_script(house, visitor.place.thread, Arc::new(visitor.place.account.clone()), schema).await?;
    Ok(true)
}
