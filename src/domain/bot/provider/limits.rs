//! What providers take at most. Limits are data, because providers change them (B78).

use serde::{Deserialize, Serialize};

/// What one provider takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Units per message: UTF-16 units of the visible text for Telegram, characters elsewhere.
    pub telegram_text: usize,
    /// Bytes of a Telegram button's payload.
    pub telegram_payload: usize,
    /// Buttons of a Telegram message.
    pub telegram_buttons: usize,
    /// Characters of a Kik message.
    pub kik_text: usize,
    /// Suggested responses of Kik.
    pub kik_buttons: usize,
    /// Messages in one call of Kik to one person (B81).
    pub kik_batch: usize,
    /// Characters of a Messenger message.
    pub messenger_text: usize,
    /// Characters of the title of Messenger's cards.
    pub messenger_title: usize,
    /// Characters of a Messenger button's label.
    pub messenger_label: usize,
    /// Buttons of a card.
    pub messenger_card: usize,
    /// Cards of a message.
    pub messenger_cards: usize,
    /// Parts that one reply is cut into; the rest is left out.
    pub parts: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            telegram_text: 4096,
            telegram_payload: 64,
            telegram_buttons: 100,
            kik_text: 100,
            kik_buttons: 20,
            kik_batch: 5,
            messenger_text: 320,
            messenger_title: 45,
            messenger_label: 20,
            messenger_card: 3,
            messenger_cards: 10,
            parts: 1000,
        }
    }
}
