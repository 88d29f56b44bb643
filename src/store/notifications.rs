//! Who is told what while they are away, and how far each member was told.

use std::collections::HashMap;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::endpoints::{browsers, webhook};
use super::jobs::{self, NewJob};
use super::preferences::preferences;
use super::rows::AccountRow;
use super::schema::{accounts, members, messages, notified};
use super::{StoreError, if_there, threads, unread};
use crate::domain::notifying::{Cause, Channel, allows};
use crate::domain::visibility::Visibility;
use crate::domain::{Account, AccountId, MessageId, Micros, Mode, Notifications, Permissions, Seq, ThreadId};

/// One notification to one endpoint: what a job of kind `email`, `push` or `webhook` is about. What it says is worked out
/// when it is sent, from what is true then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The thread.
    pub thread: ThreadId,
    /// Who is told.
    pub account: AccountId,
    /// Why.
    pub cause: Cause,
    /// The browser, for push.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<i64>,
}

/// What can be reached at all.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// Whether mail is configured.
    pub mail: bool,
    /// Whether the deployment has a webhook for all.
    pub webhook: bool,
}

/// What a notification is about, as its member may see it.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Who is told.
    pub account: Account,
    /// The thread's title.
    pub title: String,
    /// The thread's type.
    pub kind: String,
    /// How many messages are unread.
    pub unread: i64,
    /// The newest of them, or the question.
    pub message: Shown,
}

/// A message in a notification.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its number.
    pub id: MessageId,
    /// Its position.
    pub seq: Seq,
    /// Its type.
    pub kind: String,
    /// Its text, unescaped.
    pub text: String,
    /// Who sent it, if anybody.
    pub sender: Option<Account>,
}

/// Members who want to be notified and have not read something at or before `upto` that they were not told of yet: each with
/// the last position that is unread, which is how far they are told then. Whether they are here, others know.
pub fn untold(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    upto: Seq,
    visibility: &Visibility,
) -> Result<Vec<(AccountId, Seq)>, StoreError> {
    let roster = threads::roster(connection, thread)?;
    let wants = roster.iter().filter(|member| {
        member.seat.notifications.contains(Notifications::PUSH) && member.seat.may(Permissions::READ_MESSAGES)
    });
    let wanting: Vec<(AccountId, Vec<String>)> =
        wants.map(|member| (member.account.id, visibility.hidden_from(member.account.role))).collect();
    let unread = unread::of_members(connection, thread, &wanting)?;
    let told: HashMap<AccountId, Seq> = notified::table
        .filter(notified::thread_id.eq(thread))
        .select((notified::account_id, notified::upto))
        .load(connection)?
        .into_iter()
        .collect();
    let mut found: Vec<(AccountId, Seq)> = unread
        .into_iter()
        .filter_map(|(account, (_, unread))| {
            let (told, last) = (told.get(&account).copied().unwrap_or(0), unread.iter().last()?.1);
            unread.iter().any(|(from, to)| to > told && from.max(told + 1) <= upto).then_some((account, last))
        })
        .collect();
    found.sort_unstable();
    Ok(found)
}

/// Writes the jobs that tell a member of `cause`, one per endpoint; for messages only if nobody did so meanwhile.
pub fn tell(
    connection: &mut SqliteConnection,
    delivery: &Delivery,
    reach: Reach,
    now: Micros,
) -> Result<(), StoreError> {
    let Delivery { thread, account, cause, .. } = *delivery;
    if let Cause::Messages(upto) = cause
        && !note_told(connection, thread, account, upto)?
    {
        return Ok(());
    }
    let Some((row, false)) = accounts::table
        .find(account)
        .select((AccountRow::as_select(), accounts::disabled))
        .first::<(AccountRow, bool)>(connection)
        .optional()?
    else {
        return Ok(());
    };
    let wanted = preferences(connection, account)?;
    let write = |connection: &mut SqliteConnection, channel: Channel, recipient: String, browser: Option<i64>| {
        let payload = json!(Delivery { browser, ..delivery.clone() });
        jobs::add(connection, &NewJob { kind: channel.as_str(), recipient, payload, due: now }, now)
    };
    if reach.mail && row.email.is_some() && allows(&wanted, thread, Channel::Email, cause) {
        write(connection, Channel::Email, format!("email:{account}"), None)?;
    }
    if allows(&wanted, thread, Channel::Push, cause) {
        for browser in browsers(connection, account)? {
            write(connection, Channel::Push, format!("push:{}", browser.id), Some(browser.id))?;
        }
    }
    let has_webhook = reach.webhook || webhook(connection, account)?.is_some();
    if has_webhook && allows(&wanted, thread, Channel::Webhook, cause) {
        write(connection, Channel::Webhook, format!("webhook:{account}"), None)?;
    }
    Ok(())
}

/// Notes how far a member was told; whether that is news. A member who left is told nothing.
fn note_told(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    account: AccountId,
    upto: Seq,
) -> Result<bool, StoreError> {
    let before = notified::table.find((thread, account)).select(notified::upto).first::<Seq>(connection).optional()?;
    let is_member =
        members::table.find((thread, account)).select(members::rev).first::<i64>(connection).optional()?.is_some();
    if !is_member || before.is_some_and(|before| before >= upto) {
        return Ok(false);
    }
    diesel::insert_into(notified::table)
        .values((notified::thread_id.eq(thread), notified::account_id.eq(account), notified::upto.eq(upto)))
        .on_conflict((notified::thread_id, notified::account_id))
        .do_update()
        .set(notified::upto.eq(upto))
        .execute(connection)?;
    Ok(true)
}

/// What a notification says now. `None` when there is nothing to say any more: everything was read, the question answered,
/// the member gone or locked out, the channel switched off.
pub fn facts(
    connection: &mut SqliteConnection,
    delivery: &Delivery,
    channel: Channel,
    visibility: &Visibility,
) -> Result<Option<Facts>, StoreError> {
    let Delivery { thread, account, cause, .. } = *delivery;
    let row = accounts::table.find(account).filter(accounts::disabled.eq(false)).select(AccountRow::as_select());
    let Some(row) = row.first(connection).optional()? else { return Ok(None) };
    let who = Account::from(row);
    let Some(seat) = if_there(threads::seat(connection, thread, account))? else { return Ok(None) };
    if !allows(&preferences(connection, account)?, thread, channel, cause) {
        return Ok(None);
    }
    let (_, unread) = threads::reads(connection, thread, account, &visibility.hidden_from(who.role))?;
    let position = match cause {
        Cause::Messages(_) => unread.iter().last().map(|(_, last)| last),
        Cause::Reminder(message) if seat.mode == Mode::Scripted && seat.script.related_message == Some(message) => {
            messages::table.find(message).select(messages::seq).first(connection).optional()?
        }
        Cause::Reminder(_) => None,
    };
    let Some(position) = position.filter(|_| seat.may(Permissions::READ_MESSAGES)) else { return Ok(None) };
    let Some(message) = shown(connection, thread, position)? else { return Ok(None) };
    let head = threads::head(connection, thread)?;
    Ok(Some(Facts { account: who, title: head.title, kind: head.kind, unread: unread.count(), message }))
}

fn shown(connection: &mut SqliteConnection, thread: ThreadId, seq: Seq) -> Result<Option<Shown>, StoreError> {
    let found = messages::table
        .filter(messages::thread_id.eq(thread))
        .filter(messages::seq.eq(seq))
        .filter(messages::deleted.eq(false))
        .select((messages::id, messages::kind, messages::text, messages::sender_id))
        .first::<(i64, String, String, Option<i64>)>(connection)
        .optional()?;
    let Some((id, kind, text, sender)) = found else { return Ok(None) };
    let sender = match sender {
        Some(sender) => super::accounts::many(connection, &[sender])?.pop(),
        None => None,
    };
    Ok(Some(Shown { id, seq, kind, text, sender }))
}
