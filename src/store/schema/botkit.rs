//! Tables of Botkit's door.

diesel::table! {
    botkit_labels (session, label) {
        session -> Text,
        label -> Text,
        conversation -> Text,
        used -> BigInt,
    }
}
