//! What goes out once a conversation has ended (bot-webhooks contract, 12.17 and 12.18): its transcript by mail, the whole of it
//! to an add-on.

use serde::Deserialize;
use serde_json::{Value, json};

use super::calls::Conversations;
use crate::domain::conversation::packet::instant;
use crate::domain::conversation::state::Dispatch;
use crate::domain::conversation::world::Contact;
use crate::domain::visibility::STAFF_NOTE;
use crate::domain::{Account, AccountId, Message, ThreadId};
use crate::outbound::signature::sign;
use crate::outbound::{Failure, Letter};
use crate::store::conversations::Kept;
use crate::store::jobs::Job;
use crate::store::{Connection, StoreError, accounts, conversations, if_there, organisation, transcripts};

/// Something goes out: `{thread, what}`.
pub(super) const DISPATCH: &str = "conversation_dispatch";
/// The most messages of a transcript.
const MOST: i64 = 1_000;

#[derive(Deserialize)]
pub(super) struct Sent {
    thread: ThreadId,
    what: Dispatch,
}

/// What a dispatch is made of.
struct Facts {
    kept: Kept,
    contact: Contact,
    said: Vec<(String, Message)>,
    operator: Option<Account>,
    addon: Option<Value>,
}

fn facts(connection: &mut Connection, sent: &Sent) -> Result<Option<Facts>, StoreError> {
    let Some(kept) = conversations::load(connection, sent.thread)? else { return Ok(None) };
    let (known, _) = conversations::contact_row(connection, kept.contact)?;
    let contact = organisation::contact_of(connection, kept.contact, known)?;
    let all = transcripts::transcript(connection, sent.thread, &[STAFF_NOTE.to_owned()], MOST)?;
    let mut senders: Vec<AccountId> = all.iter().filter_map(|message| message.sender).collect();
    senders.sort_unstable();
    senders.dedup();
    let senders = accounts::many(connection, &senders)?;
    let name = |message: &Message| {
        let sender = senders.iter().find(|account| Some(account.id) == message.sender);
        sender.map_or_else(|| "—".to_owned(), Account::full_name)
    };
    let said = all.into_iter().map(|message| (name(&message), message)).collect();
    let operator = match &sent.what {
        Dispatch::EmailOperator(id) => if_there(accounts::get(connection, *id))?,
        _ => None,
    };
    let addon = match &sent.what {
        Dispatch::Addon(kind) => {
            let items = organisation::items(connection, "addon")?;
            items.into_iter().find(|item| item.name == *kind).map(|item| item.data()).transpose()?
        }
        _ => None,
    };
    Ok(Some(Facts { kept, contact, said, operator, addon }))
}

/// Sends it.
pub(super) async fn send(conversations: &Conversations, job: &Job, sent: Sent) -> Result<(), Failure> {
    let what = sent.what.clone();
    let found = conversations.house.store.read(move |connection| facts(connection, &sent)).await?;
    let Some(facts) = found else { return Ok(()) };
    match what {
        Dispatch::Addon(kind) => to_addon(conversations, job, &kind, &facts).await,
        Dispatch::EmailOperator(_) => {
            let operator = facts.operator.as_ref();
            let address = operator.and_then(|account| account.email.clone());
            mail(conversations, job, address, operator.map(Account::full_name), &facts).await
        }
        Dispatch::EmailContact => {
            mail(conversations, job, facts.contact.email.clone(), facts.contact.name.clone(), &facts).await
        }
    }
}

fn subject(facts: &Facts) -> String {
    let subject = facts.kept.state.subject.clone().filter(|subject| !subject.is_empty());
    subject.unwrap_or_else(|| format!("Conversation {}", facts.kept.state.id))
}

async fn mail(
    conversations: &Conversations,
    job: &Job,
    address: Option<String>,
    name: Option<String>,
    facts: &Facts,
) -> Result<(), Failure> {
    let Some(mailer) = &conversations.outbound.mailer else {
        return Err(Failure::Never("mail.smtp_url is not set".to_owned()));
    };
    let Some(to) = address else { return Err(Failure::Never("the recipient has no e-mail address".to_owned())) };
    let line = |(name, message): &(String, Message)| format!("[{}] {name}: {}", instant(message.created), message.text);
    let text = facts.said.iter().map(line).collect::<Vec<_>>().join("\n");
    let letter = Letter {
        id: format!("tertulia-{}-{}", conversations.house.log, job.id),
        to,
        to_name: name.unwrap_or_default(),
        subject: subject(facts),
        text: format!("{}\n\n{text}\n", subject(facts)),
        unsubscribe: String::new(),
    };
    mailer.send(&letter).await
}

async fn to_addon(conversations: &Conversations, job: &Job, kind: &str, facts: &Facts) -> Result<(), Failure> {
    let data = facts.addon.clone().unwrap_or_default();
    let url = data["url"].as_str().filter(|url| !url.is_empty());
    let Some(url) = url else { return Err(Failure::Never(format!("the add-on {kind} has no address"))) };
    let seal = &conversations.outbound.seal;
    let secret = data["secret"].as_str().and_then(|sealed| seal.open(sealed)).unwrap_or_default();
    let said = facts.said.iter().map(|(name, message)| {
        json!({"id": message.id, "at": instant(message.created), "from": name, "text": message.text, "content": message.content})
    });
    let state = &facts.kept.state;
    let body = json!({
        "addon_type": kind,
        "conversation": {"id": state.id, "subject": state.subject, "topics": state.topics, "locale": state.locale,
            "custom_field_data": state.custom_field_data, "started_at": instant(state.started_at)},
        "contact": facts.contact,
        "messages": said.collect::<Vec<_>>(),
    });
    let body = body.to_string();
    let now = conversations.house.clock.now() / 1_000_000;
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("x-tertulia-delivery", job.id.to_string()),
        ("x-tertulia-signature", sign(&secret, now, body.as_bytes())),
    ];
    let answer = conversations.outbound.client.post(url, &headers, body.into_bytes()).await?;
    if answer.is_success() { Ok(()) } else { Err(answer.failure()) }
}
