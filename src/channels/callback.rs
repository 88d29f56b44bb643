//! `callback`: a call brings a message, and what is said is posted to a URL, a call for each message or a list for each
//! turn (channels contract, 5.2).

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use futures_util::future::{BoxFuture, LocalBoxFuture};
use serde_json::{Value, json};

use super::credentials::{Common, Entry};
use super::handing_on::{PARCEL, Parcel};
use super::rasa::{self, Heard, UnderWay, Visit};
use super::token::Gate;
use super::{Call, Class, Connector, Ground, Kind, Plan, Refused, files};
use crate::actors::doors as road;
use crate::config::Config;
use crate::domain::doors::Place;
use crate::domain::{Message, Micros, reply};
use crate::outbound::signature::{sign_standard, standard_key};
use crate::outbound::{Client, Failure};
use crate::store::door_deliveries::{self, Owed};
use crate::store::jobs::{self, NewJob};
use crate::store::{Connection, StoreError, accounts, doors};

/// Registers it.
pub(super) const KIND: Kind = Kind { channel: "callback", build };

/// How long a list waits for the end of its turn at most, in microseconds.
const TURN: Micros = 30_000_000;
/// How often it is looked whether the turn is over, in microseconds.
const LOOK: Micros = 500_000;
/// The most messages that are handed on by one job.
const MOST: i64 = 200;

struct Callback {
    name: String,
    ground: Ground,
    common: Common,
    gate: Gate,
    url: String,
    key: Option<Vec<u8>>,
    /// Whether a turn is one list.
    as_list: bool,
    headers: Vec<(String, String)>,
    client: Client,
    under_way: UnderWay,
}

fn build(entry: &mut Entry, config: &Config) -> Result<Plan, String> {
    let common = entry.common()?;
    let url = entry.required("url")?;
    let client = Client::of_service(&config.outbound, &url, common.timeout);
    let client = client.and_then(|client| client.check(&url).map(|_| client)).map_err(|why| format!("url: {why}"))?;
    let key = entry
        .secret("signing_secret")?
        .map(|secret| standard_key(secret.reveal()).ok_or("signing_secret: write whsec_ and base64 of 24 to 64 bytes"));
    let as_list = match entry.text("format")?.as_deref() {
        None | Some("object") => false,
        Some("list") => true,
        Some(_) => return Err("format: object or list".to_owned()),
    };
    let (name, gate, key, headers) = (entry.name.clone(), Gate::read(entry)?, key.transpose()?, headers(entry)?);
    let (verifies, under_way) = (gate.is_closed(), UnderWay::default());
    let start = move |ground: Ground| -> Arc<dyn Connector> {
        Arc::new(Callback { name, ground, common, gate, url, key, as_list, headers, client, under_way })
    };
    Ok(Plan { verifies, socket_path: None, start: Box::new(start) })
}

/// Fixed headers; those that are ours to set are refused.
fn headers(entry: &mut Entry) -> Result<Vec<(String, String)>, String> {
    let given = entry.mapping("headers")?.unwrap_or_default();
    let read: Vec<(String, String)> =
        given.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    for (name, value) in &read {
        use actix_web::http::header::{HeaderName, HeaderValue};
        let ours = ["content-type", "content-length", "host", "transfer-encoding", "connection"];
        let is_good = HeaderName::from_bytes(name.as_bytes()).is_ok() && HeaderValue::from_str(value).is_ok();
        if !is_good || ours.contains(&name.as_str()) || name.starts_with("webhook-") {
            return Err("headers: one of them cannot be set".to_owned());
        }
    }
    Ok(read)
}

impl Connector for Callback {
    fn common(&self) -> &Common {
        &self.common
    }

    fn webhook(&self, call: Call) -> Option<LocalBoxFuture<'_, HttpResponse>> {
        Some(Box::pin(async move {
            match self.take(call).await {
                Ok(()) => HttpResponse::Ok().content_type("text/plain").body("success"),
                Err(refused) => refused.answer(),
            }
        }))
    }

    fn hand_on(&self, conversation: String, since: i64) -> Option<BoxFuture<'_, Result<(), Failure>>> {
        Some(Box::pin(self.pack(conversation, since)))
    }

    fn send(&self, parcel: Parcel) -> Option<BoxFuture<'_, Result<(), Failure>>> {
        Some(Box::pin(self.post(parcel)))
    }
}

impl Callback {
    async fn take(&self, call: Call) -> Result<(), Refused> {
        let house = &self.ground.house;
        let owner = self.gate.check(&call.request, house.clock.now() / 1_000_000)?;
        let said = rasa::read(&call.request, &call.body)?;
        let visit = Visit {
            ground: &self.ground,
            common: &self.common,
            door: &self.name,
            durable: true,
            under_way: &self.under_way,
        };
        let conversation = rasa::conversation(&owner, &said.sender);
        let data = visit.data(&said.sender);
        let place = visit.enter(&conversation, data.clone()).await?;
        if let Heard::Committed(_) = visit.say(&place, &conversation, &said).await? {
            // whoever comes in can be reached again
            self.note(conversation, data).await?;
        }
        Ok(())
    }

    async fn note(&self, conversation: String, data: Value) -> Result<(), StoreError> {
        let door = self.name.clone();
        let note = move |connection: &mut Connection| {
            let known = doors::find(connection, &door, &conversation)?.ok_or(StoreError::Missing)?;
            if known.data()? == data { Ok(()) } else { doors::note(connection, &door, &conversation, &data) }
        };
        self.ground.house.store.write(note).await
    }

    /// Writes a job for each call that hands on what was said, and moves the cursor, in one transaction.
    async fn pack(&self, conversation: String, since: Micros) -> Result<(), Failure> {
        let house = self.ground.house.clone();
        let (door, now) = (self.name.clone(), house.clock.now());
        let (name, key) = (self.name.clone(), conversation.clone());
        let found = house.store.read(move |connection| doors::find(connection, &name, &key)).await?;
        let Some(found) = found else { return Ok(()) };
        if self.as_list && now < since + TURN && !road::is_turn_over(&house, found.thread_id).await? {
            let owed = Owed { door, conversation, since };
            return Ok(house.store.write(move |it| door_deliveries::owe(it, &owed, now + LOOK, now)).await?);
        }
        let (as_list, split) = (self.as_list, self.common.split_paragraphs);
        let inside = house.clone();
        let pack = move |connection: &mut Connection| {
            let account = accounts::get(connection, found.account_id)?;
            let data = found.data()?;
            let sender = data["sender"].as_str().unwrap_or(&conversation).to_owned();
            let place = Place { thread: found.thread_id, account, delivered: found.delivered, is_new: false };
            let hidden = inside.config.chat.visibility.hidden_from(place.account.role);
            let said = door_deliveries::take(connection, (&door, &conversation), &place, &hidden, MOST)?;
            let parcels = parcels(&inside, &said, (&sender, split), as_list);
            for (id, body) in parcels {
                let parcel = Parcel { door: door.clone(), conversation: conversation.clone(), id, body };
                let recipient = door_deliveries::recipient(&door, &conversation);
                jobs::add(connection, &NewJob { kind: PARCEL, recipient, payload: json!(parcel), due: now }, now)?;
            }
            Ok(())
        };
        Ok(house.store.write(pack).await?)
    }

    async fn post(&self, parcel: Parcel) -> Result<(), Failure> {
        let house = &self.ground.house;
        let (name, key) = (self.name.clone(), parcel.conversation.clone());
        let found = house.store.read(move |connection| doors::find(connection, &name, &key)).await?;
        let mut data = found.map(|found| found.data()).transpose()?.unwrap_or_default();
        if data["gone"] == true {
            return Err(Failure::Never("the recipient is gone until they write again".to_owned()));
        }
        let body = parcel.body.to_string().into_bytes();
        let mut headers: Vec<(&str, String)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        headers.push(("content-type", "application/json".to_owned()));
        if let Some(key) = &self.key {
            let at = house.clock.now() / 1_000_000;
            headers.push(("webhook-id", parcel.id.clone()));
            headers.push(("webhook-timestamp", at.to_string()));
            headers.push(("webhook-signature", sign_standard(key, (&parcel.id, at), &body)));
        }
        let answer = self.client.post(&self.url, &headers, body).await?;
        let class = Class::of(answer.status, answer.retry_after.map(|wait| wait.min(Duration::from_secs(86_400))));
        if class == Class::RecipientGone {
            data["gone"] = true.into();
            self.note(parcel.conversation, data).await?;
        }
        class.into_result(answer.status)
    }
}

/// The calls that hand messages on, each with its id.
fn parcels(
    house: &crate::actors::House,
    said: &[Message],
    (sender, split): (&str, bool),
    as_list: bool,
) -> Vec<(String, Value)> {
    let each = said.iter().flat_map(|message| {
        let objects = reply::objects(sender, (&message.text, message.content.as_ref()), &files(house, message), split);
        objects.into_iter().enumerate().map(|(part, object)| (format!("msg_{}_{part}", message.id), object))
    });
    let each: Vec<(String, Value)> = each.collect();
    match each.first() {
        Some((id, _)) if as_list => {
            let id = id.clone();
            vec![(id, each.into_iter().map(|(_, object)| object).collect())]
        }
        _ => each,
    }
}
