//! What people do with a conversation besides writing in it: open it, register, pick, end it; and what staff do.

use serde_json::{Map, Value};

use super::super::House;
use super::take::{Moved, Taken, take};
use crate::domain::content::Content;
use crate::domain::conversation::event::ContactUpdate;
use crate::domain::conversation::state::Approach;
use crate::domain::conversation::step::{Input, Refused, Staff};
use crate::domain::{AccountId, MessageId, Refusal, ThreadId};
use crate::store::conversations::Kept;
use crate::store::{StoreError, conversations, if_there, messages};

/// Why nothing came of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Declined {
    /// The rules of conversations say no.
    Rules(Refused),
    /// Everything else.
    Other(Refusal),
}

impl From<Refusal> for Declined {
    fn from(refusal: Refusal) -> Self {
        Declined::Other(refusal)
    }
}

impl Declined {
    /// The short name, as errors give it.
    pub fn code(&self) -> &'static str {
        match self {
            Declined::Rules(why) => why.code(),
            Declined::Other(refusal) => refusal.code(),
        }
    }

    /// A sentence for people.
    pub fn detail(&self) -> &'static str {
        match self {
            Declined::Rules(Refused::AlreadyAnswered) => "This was answered already.",
            Declined::Rules(Refused::UnknownOption) => "There is no such option.",
            Declined::Rules(Refused::SessionOver) => "Nobody waits for this answer any more.",
            Declined::Rules(Refused::NotAvailable) => "Whoever is to get it cannot take it now.",
            Declined::Rules(Refused::Nothing) => "There is nothing to do: it is so already.",
            Declined::Rules(Refused::Invalid(_)) => "A field is not well formed.",
            Declined::Other(refusal) => refusal.detail(),
        }
    }
}

/// The conversation that a thread is, if it is one.
///
/// # Errors
/// When it cannot be read.
pub async fn find(house: &House, thread: ThreadId) -> Result<Option<Kept>, StoreError> {
    house.store.read(move |connection| conversations::load(connection, thread)).await
}

async fn of_contact(house: &House, thread: ThreadId, account: AccountId) -> Result<Kept, Refusal> {
    let kept = find(house, thread).await.map_err(|_| Refusal::Unavailable)?;
    kept.filter(|kept| kept.contact == account).ok_or(Refusal::Forbidden)
}

async fn one(house: &House, thread: ThreadId, input: Input) -> Result<Taken, Declined> {
    let taken = take(house, thread, Moved::by(input)).await?.ok_or(Refusal::NotFound)?;
    match taken.step.refused {
        Some(why) => Err(Declined::Rules(why)),
        None => Ok(taken),
    }
}

/// How a contact comes to the website's conversation.
#[derive(Clone, Debug, Default)]
pub struct Coming {
    /// Whether the messenger opened by itself.
    pub approach: Approach,
    /// The page.
    pub page: Option<String>,
    /// What the page passed to the widget.
    pub custom: Map<String, Value>,
}

/// The contact opens the conversation: it is decided who gets it. One that was opened before stays as it is.
///
/// # Errors
/// When it cannot be moved.
pub async fn open(house: &House, thread: ThreadId, coming: Coming) -> Result<(), Refusal> {
    let Coming { approach, page, custom } = coming;
    take(house, thread, Moved::by(Input::Opened { approach, page, custom })).await.map(drop)
}

/// The contact submits the registration card.
///
/// # Errors
/// When nobody asked for it, or a field is not well formed.
pub async fn register(
    house: &House,
    thread: ThreadId,
    account: AccountId,
    card: ContactUpdate,
) -> Result<(), Declined> {
    of_contact(house, thread, account).await?;
    one(house, thread, Input::Registered(card)).await.map(drop)
}

/// The contact picks an option of a choice.
///
/// # Errors
/// `already_answered`, `unknown_option`, `session_over` (contract, 15); a message that is no choice is not found.
pub async fn pick(
    house: &House,
    thread: ThreadId,
    account: AccountId,
    message: MessageId,
    option: String,
) -> Result<(), Declined> {
    let kept = of_contact(house, thread, account).await?;
    let read = move |connection: &mut _| if_there(messages::load(connection, thread, message));
    let found = house.store.read(read).await.map_err(|_| Refusal::Unavailable)?.ok_or(Refusal::NotFound)?;
    let Some(Content::Choice(choice)) = found.content else { return Err(Refusal::NotFound.into()) };
    let key = found.client_id.as_deref().and_then(|name| kept.state.key_of(name));
    let key = key.ok_or(Refusal::NotFound)?;
    one(house, thread, Input::Picked { key, message, choice, option }).await.map(drop)
}

/// The contact ends the conversation.
///
/// # Errors
/// When it has ended already.
pub async fn end(house: &House, thread: ThreadId, account: AccountId) -> Result<(), Declined> {
    of_contact(house, thread, account).await?;
    one(house, thread, Input::ContactEnded).await.map(drop)
}

/// Staff act. Whether they may is looked at before.
///
/// # Errors
/// When it is so already, or somebody cannot take it.
pub async fn staff(house: &House, thread: ThreadId, act: Staff) -> Result<(), Declined> {
    one(house, thread, Input::Staff(act)).await.map(drop)
}

/// A bot was deactivated or is about to be deleted: its conversations go to humans (contract, 6.2).
///
/// # Errors
/// When the conversations cannot be read or moved.
pub async fn bot_gone(house: &House, bot: AccountId) -> Result<(), Refusal> {
    let held = house.store.read(move |connection| conversations::of_bot(connection, bot)).await;
    for thread in held.map_err(|_| Refusal::Unavailable)? {
        take(house, thread, Moved::by(Input::BotGone { bot })).await?;
    }
    Ok(())
}
