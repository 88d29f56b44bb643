//! The road for doors of other protocols (Rasa's, Botkit's, the providers' channels): somebody comes in, speaks, and hears
//! what is said.
//!
//! ```text
//! door ──enter──▶ (person, thread) ──say──▶ seat … commit ──▶ Listener ──▶ door ──replies──▶ what is new ──delivered──▶ cursor
//! ```
//!
//! What a door owes its person is a row: the position up to which it has handed everything on. A door that was away reads
//! what came since, so nothing is lost and nothing comes twice from one cursor.

use serde_json::Value;

use super::House;
use super::announce_thread;
use super::conversations::door::{Coming, open};
use super::intake::post;
use super::listening::Listener;
use super::respond::Done;
use crate::domain::attachment::AttachmentForm;
use crate::domain::content::Content;
use crate::domain::doors::{Arrival, Place};
use crate::domain::posting::Post;
use crate::domain::{Message, Refusal, Seq, ThreadId};
use crate::store::{StoreError, conversations, door_deliveries, doors, jobs, messages};

/// The type of what people outside say.
const SAID: &str = "message";

/// What somebody says.
#[derive(Clone, Debug, Default)]
pub struct Say {
    /// The text.
    pub text: String,
    /// Their own name for it; sent again, it is found again.
    pub client_id: Option<String>,
    /// What it says beyond its text.
    pub content: Option<Content>,
    /// Files.
    pub attachments: Vec<AttachmentForm>,
    /// Whether the bots do not hear of it.
    pub unheard: bool,
    /// Any JSON that goes with it.
    pub meta: Option<Value>,
}

/// Where the person and the conversation of an arrival are, made when they are new.
pub async fn enter(house: &House, arrival: Arrival) -> Result<Place, StoreError> {
    let now = house.clock.now();
    let widget = arrival.widget;
    let entering = move |connection: &mut _| {
        let (place, outcome) = doors::enter(connection, &arrival, now)?;
        if let Some(widget) = widget.filter(|_| place.is_new) {
            conversations::begin(connection, place.thread, place.account.id, widget, now)?;
        }
        Ok((place, outcome))
    };
    let (place, outcome) = house.store.write(entering).await?;
    if let Some(outcome) = outcome {
        announce_thread(house, place.thread, outcome).await;
    }
    if widget.is_some() && place.is_new {
        let opened = open(house, place.thread, Coming::default()).await;
        opened.map_err(|refusal| StoreError::Broken(format!("a conversation could not begin: {}", refusal.code())))?;
    }
    Ok(place)
}

/// Says something as the person.
pub async fn say(house: &House, place: &Place, say: Say) -> Result<Done, Refusal> {
    let Say { text, client_id, content, attachments, unheard, meta } = say;
    let text = text.trim().to_owned();
    let said = Post { kind: SAID.to_owned(), text, client_id, content, unheard, meta, ..Post::default() };
    post(house, place.thread, place.account.id, said, attachments).await
}

/// Hears of everything that happens in the thread from now on: first listen, then read, and nothing is missed.
pub fn listen(house: &House, thread: ThreadId) -> Listener {
    house.listening.listen(thread)
}

/// What others said after `seq`, in order, as the person may see it; at most `limit`.
pub async fn replies(house: &House, place: &Place, after: Seq, limit: i64) -> Result<Vec<Message>, StoreError> {
    let (thread, person) = (place.thread, place.account.id);
    let hidden = house.config.chat.visibility.hidden_from(place.account.role);
    let read = move |connection: &mut _| messages::said_to(connection, thread, person, after, &hidden, limit);
    house.store.read(read).await
}

/// The same, after what the door has handed on; it counts as handed on from now on.
pub async fn take(
    house: &House,
    (door, conversation): (String, String),
    place: &Place,
    limit: i64,
) -> Result<Vec<Message>, StoreError> {
    let (place, config) = (place.clone(), house.config.clone());
    let take = move |connection: &mut _| {
        let hidden = config.chat.visibility.hidden_from(place.account.role);
        door_deliveries::take(connection, (&door, &conversation), &place, &hidden, limit)
    };
    house.store.write(take).await
}

/// Whether the bots of the thread still have something to do about what was said.
pub async fn is_turn_over(house: &House, thread: ThreadId) -> Result<bool, StoreError> {
    let now = house.clock.now();
    let look = move |connection: &mut _| {
        let unheard = jobs::is_owed(connection, &jobs::conversation(thread), now)?;
        Ok(!unheard && !conversations::is_calling(connection, thread)?)
    };
    house.store.read(look).await
}
