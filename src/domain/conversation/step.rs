//! The one decision of conversations: what happened, and what is to be done.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::content::{Choice, Content, Location, Media};
use super::super::{AccountId, MessageId};
use super::batch::Batch;
use super::event::ContactUpdate;
use super::routing::Decision;
use super::run::Run;
use super::state::{Approach, Conversation, Dispatch};
use super::world::{Assignee, ContactPatch, World};
use super::{Key, Micros};

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The contact opened the conversation on the website (contract, 6.1). On other channels it begins with [`Input::Said`].
    Opened {
        /// Whether the messenger opened by itself.
        approach: Approach,
        /// The page.
        page: Option<String>,
        /// What the page passed to the widget.
        custom: Map<String, Value>,
    },
    /// The contact submitted the registration card.
    Registered(ContactUpdate),
    /// The contact wrote.
    Said(Said),
    /// The contact picked an option of a choice.
    Picked {
        /// The choice's entry, by [`Conversation::key_of`] its `client_id`.
        key: Key,
        /// The choice's message.
        message: MessageId,
        /// The choice as it stands in the thread.
        choice: Choice,
        /// The option's id.
        option: String,
    },
    /// The contact ended the conversation.
    ContactEnded,
    /// A call has its final outcome, after all tries (contract, 7.4).
    Answered {
        /// Which call.
        delivery: String,
        /// What came of it.
        outcome: Outcome,
    },
    /// A request of the bot's that passed phases 1 and 2.
    Api {
        /// The session.
        cid: String,
        /// The events.
        batch: Batch,
    },
    /// Time has passed.
    Tick,
    /// Staff act.
    Staff(Staff),
    /// A bot was deactivated or deleted.
    BotGone {
        /// Which.
        bot: AccountId,
    },
}

/// What a contact wrote.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// A text.
    Text(String),
    /// A file; its `link` is good for 24 hours.
    Media(Media),
    /// A place.
    Location(Location),
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// `200`, and a body that was read; its files were fetched. An empty one is an empty batch.
    Batch(Batch),
    /// `200`, and a body that could not be read, or a file behind it that could not be had.
    Unreadable,
    /// Another status.
    Status(u16),
    /// No connection could be made.
    Connect,
    /// It took too long.
    Timeout,
}

/// What staff do with a conversation.
#[derive(Clone, Debug, PartialEq)]
pub enum Staff {
    /// A human takes it, from whoever holds it.
    TakeOver {
        /// Who.
        by: AccountId,
    },
    /// It is given to somebody.
    Assign {
        /// To whom.
        to: Assignee,
    },
    /// It goes back to the inbox.
    Unassign,
    /// It is ended.
    End,
    /// It goes on.
    Reopen,
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// An entry comes into the thread.
    Post(Post),
    /// A webhook call is made. There is at most one open in a session; its outcome comes back as [`Input::Answered`].
    Call(Call),
    /// A call must not be tried again; its answer means nothing any more.
    Cancel {
        /// Which.
        delivery: String,
    },
    /// The contact is asked to register.
    AskRegistration,
    /// The contact changes.
    UpdateContact(ContactPatch),
    /// The contact sees a typing sign.
    Typing {
        /// Whose.
        by: AccountId,
        /// For how many microseconds.
        length: Micros,
    },
    /// A session began. From now on it is known by its name, for ever (contract, 18: 404 and 410).
    SessionBegan {
        /// Its name.
        cid: String,
        /// The bot.
        bot: AccountId,
    },
    /// A session is over; its slot is free.
    SessionOver {
        /// Its name.
        cid: String,
        /// The bot.
        bot: AccountId,
    },
    /// Somebody was given the conversation: they have one slot less, and were last given one now.
    Given {
        /// Who.
        to: Assignee,
    },
    /// A human does not hold it any more; the slot is free.
    Released {
        /// Who.
        from: Assignee,
    },
    /// A choice was picked, or can be picked no more.
    MarkChoice {
        /// Its entry.
        key: Key,
        /// The option that was picked first.
        picked: Option<String>,
        /// Whether it is closed.
        closed: bool,
    },
    /// Something goes out, since the conversation has ended.
    Dispatch(Dispatch),
}

/// Who an entry is by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The contact.
    Contact,
    /// This bot.
    Bot(AccountId),
    /// The house.
    System,
}

/// An entry of the thread.
#[derive(Clone, Debug, PartialEq)]
pub struct Post {
    /// Its key; [`Conversation::entry_id`] makes the `client_id` of it.
    pub key: Key,
    /// Who it is by.
    pub by: By,
    /// What the contact reads.
    pub text: String,
    /// The rest. A pick by number has `choice: 0`, to be filled in with the message of [`Post::refers`].
    pub content: Option<Content>,
    /// The entry that it is an answer to.
    pub refers: Option<Key>,
}

/// A webhook call (contract, 7.1); [`body`](Call::body) is what is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The id of this event, the same in every try.
    pub delivery: String,
    /// The session.
    pub cid: String,
    /// The bot.
    pub bot: AccountId,
    /// What is true of the session.
    pub info: Value,
    /// The event's name.
    pub name: String,
    /// What it carries.
    pub payload: Map<String, Value>,
}

/// What became of an event (contract, 10 and 11).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventResult {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// `done`, `queued`, `skipped` or `failed`.
    pub status: ResultStatus,
    /// Why it failed or was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The entry that it made, or will make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
}

/// How an event ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResultStatus {
    /// It was carried out.
    Done,
    /// It waits behind a `delay`.
    Queued,
    /// It was left out.
    Skipped,
    /// It could not be carried out.
    Failed,
}

/// Why an input was not taken: nothing came of it. (Effects there may be all the same, of time that had passed before.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The choice has been answered (15).
    AlreadyAnswered,
    /// The choice does not have this option (15).
    UnknownOption,
    /// The session is over (15 and 18).
    SessionOver,
    /// Nobody can be given what they cannot take.
    NotAvailable,
    /// There is nothing to do: it is so already.
    Nothing,
    /// A field of the registration card is not well formed: the code of 12.11.
    Invalid(&'static str),
}

impl Refused {
    /// The code on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Refused::AlreadyAnswered => "already_answered",
            Refused::UnknownOption => "unknown_option",
            Refused::SessionOver => "session_over",
            Refused::NotAvailable => "not_available",
            Refused::Nothing => "nothing_to_do",
            Refused::Invalid(code) => code,
        }
    }
}

/// What a step decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// What is to be done, in order.
    pub effects: Vec<Effect>,
    /// Why nothing is, if the input was not taken.
    pub refused: Option<Refused>,
    /// What became of each event of the batch that came in.
    pub results: Vec<EventResult>,
    /// The decisions about who gets the conversation.
    pub routing: Vec<Decision>,
    /// When [`Input::Tick`] is due next; `None`: never. It takes the place of what was said before.
    pub wake_at: Option<Micros>,
}

/// Random numbers, for the names of sessions: from a cryptographic source in production.
pub type Dice<'a> = &'a mut dyn FnMut() -> u128;

/// Decides: moves the state on, and says what is to be done. It never panics, whatever comes.
///
/// What was due before `now` (delayed events, a clock that ran out) happens first and at its own time, so that it does not
/// matter how late a tick is.
pub fn step(state: &mut Conversation, input: Input, world: &World, now: Micros, dice: Dice<'_>) -> Step {
    let mut run = Run::new(state, world, now, dice);
    run.pass_time(now);
    match input {
        Input::Opened { approach, page, custom } => run.opened(approach, page, custom),
        Input::Registered(fields) => run.registered(&fields),
        Input::Said(said) => run.said(said),
        Input::Picked { key, message, choice, option } => run.picked(key, message, &choice, &option),
        Input::ContactEnded => run.contact_ended(),
        Input::Answered { delivery, outcome } => run.answered(&delivery, outcome),
        Input::Api { cid, batch } => run.api(&cid, batch),
        Input::Tick => {}
        Input::Staff(act) => run.staff(act),
        Input::BotGone { bot } => run.bot_gone(bot),
    }
    run.finish()
}
