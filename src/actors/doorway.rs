//! How doors reach seats: find the thread, find the seat, hand the command over, wait for the answer.

use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use actix::prelude::SendError;

use super::House;
use super::respond::{Done, Respond, busy};
use super::thread::{Announce, OpenSeat, Writing};
use super::thread_host::{BeginScript, CarryOut, PutMember};
use super::thread_watching::Watching;
use super::user_thread::{Act, Read, UserThread};
use crate::domain::decide::Command;
use crate::domain::event::Outcome;
use crate::domain::members::MemberForm;
use crate::domain::script::Schema;
use crate::domain::unread::Spans;
use crate::domain::{Account, AccountId, Decision, MessageId, Refusal, ThreadId};
use crate::store::{StoreError, messages, threads};

/// How often a thread that just fell asleep is woken again.
const TRIES: usize = 3;
/// The longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The seat of `account` in `thread`. A thread that does not exist, or in which the account is not, is forbidden.
pub async fn open_seat(house: &House, thread: ThreadId, account: AccountId) -> Result<Addr<UserThread>, Refusal> {
    for _ in 0..TRIES {
        let Some(address) = house.registry.wake(house, thread) else { return Err(Refusal::Forbidden) };
        match tokio::time::timeout(PATIENCE, address.send(OpenSeat(account))).await {
            Ok(Ok(opened)) => return opened,
            // it fell asleep just now: wake it again
            Ok(Err(_)) => {}
            Err(_) => return Err(busy()),
        }
    }
    Err(busy())
}

async fn wait(answer: tokio::sync::oneshot::Receiver<Result<Done, Refusal>>) -> Result<Done, Refusal> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) | Err(_) => Err(busy()),
    }
}

/// Carries out a member's command.
pub async fn act(house: &House, thread: ThreadId, account: AccountId, command: Command) -> Result<Done, Refusal> {
    let seat = open_seat(house, thread, account).await?;
    let (respond, answer) = Respond::channel();
    match seat.try_send(Act { command, respond }) {
        Ok(()) => wait(answer).await,
        Err(SendError::Full(_) | SendError::Closed(_)) => Err(busy()),
    }
}

/// The host behind the API has a member begin a script.
pub async fn begin_script(
    house: &House,
    thread: ThreadId,
    account: Arc<Account>,
    schema: Arc<Schema>,
) -> Result<Done, Refusal> {
    let Some(address) = house.registry.wake(house, thread) else { return Err(Refusal::NotFound) };
    let (respond, answer) = Respond::channel();
    match address.try_send(BeginScript { account, schema, respond }) {
        Ok(()) => wait(answer).await,
        Err(_) => Err(busy()),
    }
}

/// Has a decision committed that no seat made, in the order of the thread: what becomes of a conversation. Its caller has
/// asked the domain already.
pub async fn carry_out(house: &House, thread: ThreadId, decision: Decision) -> Result<Done, Refusal> {
    let Some(address) = house.registry.wake(house, thread) else { return Err(Refusal::NotFound) };
    let (respond, answer) = Respond::channel();
    match address.try_send(CarryOut { decision, respond }) {
        Ok(()) => wait(answer).await,
        Err(_) => Err(busy()),
    }
}

/// Takes positions as read; the answer says which of them were unread.
pub async fn read(
    house: &House,
    thread: ThreadId,
    account: AccountId,
    seqs: Spans,
    all_before: bool,
) -> Result<Done, Refusal> {
    let seat = open_seat(house, thread, account).await?;
    let (respond, answer) = Respond::channel();
    match seat.try_send(Read { seqs, all_before, respond }) {
        Ok(()) => wait(answer).await,
        Err(_) => Err(busy()),
    }
}

/// Tells every present member of a thread what it is now: a thread that was just made is news to them, and so is what
/// its script said first.
pub async fn announce_thread(house: &House, thread: ThreadId, outcome: Outcome) {
    if let Some(address) = house.registry.wake(house, thread) {
        // nobody is owed this: who misses it sees the thread in the list
        let _ = address.try_send(Announce(outcome));
    }
}

fn refused(error: &StoreError) -> Refusal {
    match error {
        StoreError::Missing => Refusal::NotFound,
        StoreError::Full => busy(),
        StoreError::Conflict(_) | StoreError::Broken(_) => Refusal::Unavailable,
    }
}

/// The account watches a thread without being a member, instead of the one it watched (contract, 15.4).
pub async fn watch(house: &House, account: &Arc<Account>, thread: ThreadId) -> Result<(), Refusal> {
    let id = account.id;
    let subscribing = house.store.write(move |connection| threads::subscribe(connection, id, thread));
    let before = subscribing.await.map_err(|error| refused(&error))?;
    if let Some(before) = before.filter(|before| *before != thread) {
        tell_watching(house, account, before, false);
    }
    tell_watching(house, account, thread, true);
    Ok(())
}

/// The account watches nothing any more; with a thread named, only if it is that which it watched.
pub async fn unwatch(house: &House, account: &Arc<Account>, thread: Option<ThreadId>) -> Result<(), Refusal> {
    let id = account.id;
    let ending = house.store.write(move |connection| {
        let watched = threads::watched(connection, id)?;
        match thread {
            Some(named) if watched != Some(named) => Ok(None),
            _ => threads::unsubscribe(connection, id),
        }
    });
    if let Some(before) = ending.await.map_err(|error| refused(&error))? {
        tell_watching(house, account, before, false);
    }
    Ok(())
}

/// A thread that sleeps reads its watchers when it wakes, so only one that is awake is told.
fn tell_watching(house: &House, account: &Arc<Account>, thread: ThreadId, watches: bool) {
    if let Some(address) = house.registry.awake(thread) {
        address.do_send(Watching { account: account.clone(), watches });
    }
}

/// Takes one message as read, of which only the id is known.
pub async fn read_message(house: &House, account: AccountId, message: MessageId) -> Result<Done, Refusal> {
    let place = house.store.read(move |connection| messages::place(connection, message)).await;
    // a message that is elsewhere and one that is nowhere look alike
    let (thread, seq, _) = place.map_err(|error| refused(&error))?.ok_or(Refusal::Forbidden)?;
    read(house, thread, account, Spans::from_iter([seq]), false).await
}

/// Says that somebody is writing. A hint: when the thread's mailbox is full, it is lost. A thread is only woken for
/// somebody who is `known` to be in it, or made-up numbers would wake one actor each.
pub fn writing(house: &House, thread: ThreadId, account: AccountId, length: i64, known: bool) {
    let address = if known { house.registry.wake(house, thread) } else { house.registry.awake(thread) };
    if let Some(address) = address {
        let _ = address.try_send(Writing { account, length });
    }
}

/// The host behind the API makes or changes a membership, whatever the rights inside the thread.
pub async fn put_member(
    house: &House,
    thread: ThreadId,
    account: Arc<Account>,
    form: MemberForm,
) -> Result<Done, Refusal> {
    let Some(address) = house.registry.wake(house, thread) else { return Err(Refusal::NotFound) };
    let (respond, answer) = Respond::channel();
    match address.try_send(PutMember { account, form, respond }) {
        Ok(()) => wait(answer).await,
        Err(_) => Err(busy()),
    }
}
