//! Tables of conversations that come in through other doors.

diesel::table! {
    door_threads (door, conversation) {
        door -> Text,
        conversation -> Text,
        thread_id -> BigInt,
        account_id -> BigInt,
        delivered -> BigInt,
        data -> Text,
        created -> BigInt,
        used -> BigInt,
        durable -> Bool,
    }
}

diesel::table! {
    door_sessions (door, session) {
        door -> Text,
        session -> Text,
        owner -> Nullable<Text>,
        created -> BigInt,
        used -> BigInt,
    }
}
