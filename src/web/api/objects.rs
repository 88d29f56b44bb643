//! The objects that leave over REST, as the caller sees them. The same writers as for frames
//! ([`domain::view`](crate::domain::view)), read from the store.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::actors::House;
use crate::domain::account::AccountView;
use crate::domain::running::language;
use crate::domain::unread::Spans;
use crate::domain::view::{self, Last, Look, Shown, Viewed};
use crate::domain::{Account, AccountId, Message, Permissions, Refusal, Seat, ThreadId};
use crate::store::threads::MemberState;
use crate::store::{Connection, StoreError, accounts, threads};
use crate::web::Doors;
use crate::web::error::ApiError;

/// How the accounts of some messages' senders are shown.
pub type Names = HashMap<AccountId, AccountView>;

/// A text of JSON that we wrote, as a value.
fn value(text: &str) -> Result<Value, ApiError> {
    serde_json::from_str(text).map_err(|error| ApiError::from(StoreError::Broken(error.to_string())))
}

/// The caller's seat, if it has the right; who lacks it, who is no member, and who names no thread, hear the same.
pub async fn seat_with(
    house: &House,
    thread: ThreadId,
    account: AccountId,
    right: Permissions,
) -> Result<Seat, ApiError> {
    match house.store.read(move |connection| threads::seat(connection, thread, account)).await {
        Ok(seat) if seat.may(right) => Ok(seat),
        Ok(_) | Err(StoreError::Missing) => Err(Refusal::Forbidden.into()),
        Err(error) => Err(error.into()),
    }
}

/// Everything of a thread that a member sees; who is no member is forbidden.
pub async fn state(house: &House, thread: ThreadId, account: AccountId) -> Result<MemberState, ApiError> {
    let config = house.config.clone();
    let read =
        move |connection: &mut Connection| threads::member_state(connection, thread, account, &config.chat.visibility);
    let mut state = match house.store.read(read).await {
        Err(StoreError::Missing) => return Err(Refusal::Forbidden.into()),
        other => other?,
    };
    find_schema(house, &mut state).await?;
    Ok(state)
}

/// Finds the schema of the member's seat, which is remembered apart from the database.
pub async fn find_schema(house: &House, state: &mut MemberState) -> Result<(), ApiError> {
    if let Some(id) = state.member.seat.script.schema {
        state.schema = house.store.schemas(vec![id]).await?.pop();
    }
    Ok(())
}

/// The thread object of the contract (5.1).
pub fn write_thread(state: &MemberState, look: &Look, with_pool: bool) -> Result<Value, ApiError> {
    let viewer = state.member.account.id;
    let shared = view::thread_shared(&state.head, &state.roster, look, true);
    let language = language(&state.member.seat, Some(&state.member.account));
    let account = Some(&*state.member.account);
    let shown = Shown { schema: state.schema.as_deref(), language, account };
    let own = view::seat_own(&state.member.seat, shown, look, with_pool);
    let last_shared = state.last.as_ref().map(|message| {
        let sender = message.sender.and_then(|sender| sender_in(state, sender));
        view::message_shared(message, sender.map(|account| AccountView::of(account, &look.placeholder)).as_ref(), look)
    });
    let last = state.last.as_ref().zip(last_shared.as_deref()).map(|(message, shared)| Last {
        message,
        shared,
        viewed: viewed(message, viewer, &state.unread),
    });
    value(&view::thread_object(&shared, &own, state.unread.count(), state.reads.upto, last.as_ref()))
}

fn sender_in(state: &MemberState, sender: AccountId) -> Option<&Account> {
    let member = state.roster.get(sender).map(|member| &*member.account);
    member.or_else(|| state.strangers.iter().find(|account| account.id == sender))
}

/// How a viewer sees a message, given what they have not read.
pub fn viewed(message: &Message, viewer: AccountId, unread: &Spans) -> Viewed {
    Viewed { is_read: !unread.contains(message.seq), is_own: message.sender == Some(viewer) }
}

/// The thread object for an account that is a member.
pub async fn thread_object(doors: &Doors, thread: ThreadId, account: &Account) -> Result<Value, ApiError> {
    let state = state(&doors.house, thread, account.id).await?;
    write_thread(&state, &doors.house.look, true)
}

/// How the senders of these messages are shown.
pub fn names(connection: &mut Connection, messages: &[Message], look: &Look) -> Result<Names, StoreError> {
    let mut senders: Vec<AccountId> = messages.iter().filter_map(|message| message.sender).collect();
    senders.sort_unstable();
    senders.dedup();
    let known = accounts::many(connection, &senders)?;
    Ok(known.into_iter().map(|account| (account.id, AccountView::of(&account, &look.placeholder))).collect())
}

/// The message object (contract, 7.1).
pub fn write_message(message: &Message, names: &Names, viewed: Viewed, look: &Look) -> Result<Value, ApiError> {
    let sender = message.sender.and_then(|sender| names.get(&sender));
    value(&view::message_object(&view::message_shared(message, sender, look), message, viewed))
}

/// One message of a thread with how its sender is shown; hidden types are not there for those who may not see them.
pub async fn message(
    house: &House,
    thread: ThreadId,
    id: i64,
    viewer: &Account,
) -> Result<(Arc<Message>, Names), ApiError> {
    let look = house.look.clone();
    let read = move |connection: &mut Connection| {
        let message = crate::store::messages::load(connection, thread, id)?;
        let names = names(connection, std::slice::from_ref(&message), &look)?;
        Ok((message, names))
    };
    let (message, names) = match house.store.read(read).await {
        Err(StoreError::Missing) => return Err(Refusal::NotFound.into()),
        other => other?,
    };
    if !house.config.chat.visibility.sees(viewer.role, &message.kind) {
        return Err(Refusal::NotFound.into());
    }
    Ok((Arc::new(message), names))
}
