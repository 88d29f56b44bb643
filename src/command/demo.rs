//! Demo data: a small team and a few conversations, made on the very first start only.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tertulia::actors::House;
use tertulia::domain::event::{Change, Decision};
use tertulia::domain::message::NewMessage;
use tertulia::domain::opening::NewThread;
use tertulia::domain::scene::ScriptRules;
use tertulia::domain::script::record;
use tertulia::domain::{Account, AccountId, Permissions, Role, Seat, ThreadId};
use tertulia::store::accounts::{self, NewAccount};
use tertulia::store::{Connection, Request, StoreError, meta, schemas, threads};
use tertulia::web::visitors::{self, Conversation};
use tokio::sync::mpsc;

use super::demo_surveys;

const SEEDED: &str = "demo_seeded";
/// The demo operator's external name, by which the printed link finds them again.
const OPERATOR: &str = "demo:operator";

/// What scripts ask and surveys collect in the demo: the samples that come along.
const SAMPLES: [&str; 2] =
    [include_str!("../../samples/health-intake.json"), include_str!("../../samples/customer-satisfaction.json")];

fn person(first_name: &str, last_name: &str, role: Role, external_id: &str) -> NewAccount {
    NewAccount {
        email: None,
        first_name: first_name.into(),
        last_name: last_name.into(),
        role,
        avatar: None,
        password_hash: None,
        external_id: Some(external_id.into()),
        language: None,
    }
}

/// What was made: who is in it, and where they talk.
struct Made {
    operator: Account,
    colleague: Account,
    team: ThreadId,
    visitors: Vec<(Account, ThreadId)>,
}

/// Which script the demo's guided conversation begins with.
pub fn scripts() -> BTreeMap<String, String> {
    BTreeMap::from([("health".to_owned(), "Health intake".to_owned())])
}

/// Makes the demo data if this is the first start on an empty database; the demo operator, if there is one.
pub async fn seed(house: &House) -> anyhow::Result<Option<AccountId>> {
    let known = house.store.read(|connection| {
        let seeded = meta::get(connection, SEEDED)?.is_some();
        let operator = accounts::by_external_id(connection, OPERATOR)?;
        let empty = accounts::list(connection, 0, 1)?.is_empty();
        Ok((seeded || !empty, operator))
    });
    let (seeded, operator) = known.await?;
    if seeded {
        return Ok(operator.filter(|known| !known.disabled).map(|known| known.account.id));
    }
    let (now, kind) = (house.clock.now(), house.config.widget.thread_type.clone());
    let rules = house.script_rules();
    let made = house.store.write(move |connection| make(connection, &kind, rules, now)).await?;
    talk(house, &made).await?;
    demo_surveys::fill(house).await?;
    Ok(Some(made.operator.id))
}

fn make(connection: &mut Connection, kind: &str, house_rules: ScriptRules, now: i64) -> Result<Made, StoreError> {
    meta::set(connection, SEEDED, "yes")?;
    let operator = accounts::create(connection, &person("Olivia", "Ortega", Role::Operator, OPERATOR), now)?;
    let colleague = accounts::create(connection, &person("Ana", "Álvarez", Role::Operator, "demo:colleague"), now)?;
    let seat = |account: &Account| Seat::new(0, account.id, Permissions::CREATOR, now);
    let new = NewThread {
        kind: kind.to_owned(),
        title: "The team".into(),
        seat: seat(&colleague),
        beginning: Vec::new(),
        idempotency_key: None,
        widget_key: None,
        converses: false,
    };
    let (team, _) = threads::create(connection, &new, &[seat(&operator)], now)?;
    for sample in SAMPLES {
        publish(connection, sample, now)?;
    }
    let mut visitors = Vec::new();
    for (first, last) in [("Marta", "Mendes"), ("Jonas", "Keller")] {
        let external = format!("demo:{}", first.to_lowercase());
        let visitor = accounts::create(connection, &person(first, last, Role::Visitor, &external), now)?;
        let conversation = Conversation {
            key: "main".into(),
            kind: kind.to_owned(),
            script: None,
            rules: house_rules,
            entrance: None,
        };
        let (thread, _) = visitors::open(connection, &visitor, conversation, now)?;
        visitors.push((visitor, thread));
    }
    Ok(Made { operator, colleague, team, visitors })
}

/// Makes a schema of a sample and lets it out.
fn publish(connection: &mut Connection, sample: &str, now: i64) -> Result<(), StoreError> {
    let schema = record::load(sample, false).map_err(|wrong| StoreError::Broken(wrong.join("; ")))?;
    let made = schemas::create(connection, &schema, now)?;
    schemas::publish(connection, made.id, now)
}

/// A few lines in each conversation, over the same road as any message.
async fn talk(house: &House, made: &Made) -> anyhow::Result<()> {
    let (operator, colleague) = (made.operator.id, made.colleague.id);
    say(house, made.team, colleague, "Good morning! The new roast from Huila is in.").await?;
    say(house, made.team, operator, "Lovely. I put it on the shelf by the door.").await?;
    if let [(marta, first), (jonas, second)] = made.visitors.as_slice() {
        say(house, *first, marta.id, "Hi, do you grind beans for a moka pot?").await?;
        say(house, *first, operator, "We do: just write \"moka\" in the order's note.").await?;
        say(house, *first, marta.id, "Perfect, thank you!").await?;
        say(house, *second, jonas.id, "My parcel says delivered, but it is not here. Order 1042.").await?;
    }
    Ok(())
}

async fn say(house: &House, thread: ThreadId, sender: AccountId, text: &str) -> anyhow::Result<()> {
    let (answer, mut answered) = mpsc::channel(1);
    let message = NewMessage::plain(sender, "message", text);
    let request = Request {
        thread,
        ticket: 0,
        decision: Decision { changes: vec![Change::CreateMessage(Box::new(message))], ..Decision::default() },
        now: house.clock.now(),
        notify: None,
        reply: Arc::new(move |done| {
            // one request, one answer: there is room for it
            let _ = answer.try_send(done);
        }),
    };
    house.store.submit(request)?;
    tokio::time::timeout(Duration::from_secs(10), answered.recv()).await.context("demo data could not be stored")?;
    Ok(())
}
