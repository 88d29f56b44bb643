//! What accounts want to be told of while they are away.

use diesel::prelude::*;

use super::StoreError;
use super::schema::{members, notification_preferences as wishes};
use crate::domain::notifying::{Channel, Preference, PreferencesForm, Wish};
use crate::domain::{AccountId, ThreadId};

/// An account's preferences.
pub fn preferences(connection: &mut SqliteConnection, account: AccountId) -> Result<Vec<Preference>, StoreError> {
    let rows = wishes::table
        .filter(wishes::account_id.eq(account))
        .order(wishes::id)
        .select((wishes::thread_id, wishes::channel, wishes::messages, wishes::reminders))
        .load::<(Option<i64>, String, Option<bool>, Option<bool>)>(connection)?;
    let read = rows.into_iter().filter_map(|(thread, channel, messages, reminders)| {
        let wish = Wish { messages, reminders };
        // a channel that a newer version knows is none of ours
        Some(Preference { thread, channel: Channel::parse(&channel)?, wish })
    });
    Ok(read.collect())
}

/// Carries out a change of preferences.
pub fn change_preferences(
    connection: &mut SqliteConnection,
    account: AccountId,
    form: &PreferencesForm,
) -> Result<(), StoreError> {
    let before = preferences(connection, account)?;
    for (channel, change) in &form.account {
        let known = before.iter().find(|known| known.channel == *channel && known.thread.is_none());
        let wish = change.apply(known.map(|known| known.wish).unwrap_or_default());
        set_preference(connection, account, &Preference { thread: None, channel: *channel, wish })?;
    }
    if let Some(threads) = &form.threads {
        let own = wishes::table.filter(wishes::account_id.eq(account)).filter(wishes::thread_id.is_not_null());
        diesel::delete(own).execute(connection)?;
        for preference in threads {
            set_preference(connection, account, preference)?;
        }
    }
    Ok(())
}

/// Sets one preference, in the place of what was said before.
pub fn set_preference(
    connection: &mut SqliteConnection,
    account: AccountId,
    Preference { thread, channel, wish }: &Preference,
) -> Result<(), StoreError> {
    let before = wishes::table
        .filter(wishes::account_id.eq(account))
        .filter(wishes::channel.eq(channel.as_str()))
        .filter(wishes::thread_id.is(thread));
    diesel::delete(before).execute(connection)?;
    diesel::insert_into(wishes::table)
        .values((
            wishes::account_id.eq(account),
            wishes::thread_id.eq(thread),
            wishes::channel.eq(channel.as_str()),
            wishes::messages.eq(wish.messages),
            wishes::reminders.eq(wish.reminders),
        ))
        .execute(connection)?;
    Ok(())
}

/// Which of these threads the account is a member of.
pub fn own_threads(
    connection: &mut SqliteConnection,
    account: AccountId,
    threads: &[ThreadId],
) -> Result<Vec<ThreadId>, StoreError> {
    let own = members::table.filter(members::account_id.eq(account)).filter(members::thread_id.eq_any(threads));
    Ok(own.select(members::thread_id).load(connection)?)
}

/// Switches a channel off, for all threads and for each.
pub fn stop_channel(connection: &mut SqliteConnection, account: AccountId, channel: Channel) -> Result<(), StoreError> {
    let of_channel = wishes::table.filter(wishes::account_id.eq(account)).filter(wishes::channel.eq(channel.as_str()));
    diesel::delete(of_channel).execute(connection)?;
    set_preference(connection, account, &Preference { thread: None, channel, wish: Wish::NOTHING })
}
