//! The tables as diesel sees them, written by hand for every engine; a test compares them with what the
//! migrations make, column by column.

diesel::table! {
    accounts (id) {
        id -> BigInt,
        email -> Nullable<Text>,
        first_name -> Text,
        last_name -> Text,
        role -> Text,
        avatar -> Nullable<Text>,
        password_hash -> Nullable<Text>,
        external_id -> Nullable<Text>,
        disabled -> Bool,
        created -> BigInt,
        updated -> BigInt,
    }
}

diesel::table! {
    api_tokens (id) {
        id -> BigInt,
        account_id -> BigInt,
        digest -> Text,
        label -> Text,
        created -> BigInt,
        expires -> Nullable<BigInt>,
    }
}

diesel::table! {
    logins (id) {
        id -> BigInt,
        account_id -> BigInt,
        digest -> Text,
        csrf -> Text,
        created -> BigInt,
        expires -> BigInt,
    }
}

diesel::table! {
    revocations (id) {
        id -> BigInt,
        kind -> Text,
        reference -> BigInt,
        at -> BigInt,
    }
}

diesel::table! {
    threads (id) {
        id -> BigInt,
        #[sql_name = "type"]
        kind -> Text,
        title -> Text,
        creator_id -> Nullable<BigInt>,
        created -> BigInt,
        updated -> BigInt,
        seq -> BigInt,
        rev -> BigInt,
        changed_rev -> BigInt,
        idempotency_key -> Nullable<Text>,
        widget_key -> Nullable<Text>,
    }
}

diesel::table! {
    members (thread_id, account_id) {
        thread_id -> BigInt,
        account_id -> BigInt,
        created -> BigInt,
        updated -> BigInt,
        permissions -> Integer,
        notifications -> Integer,
        state -> Text,
        schema_id -> Nullable<BigInt>,
        question_id -> Nullable<BigInt>,
        initial_question_id -> Nullable<BigInt>,
        related_message_id -> Nullable<BigInt>,
        on_finish -> Text,
        automated_sender_id -> Nullable<BigInt>,
        frequency_unit -> Nullable<Text>,
        frequency_value -> Nullable<BigInt>,
        repeat_until -> Nullable<BigInt>,
        next_restart -> Nullable<BigInt>,
        variables_pool -> Text,
        rev -> BigInt,
        read_state -> Text,
    }
}

diesel::table! {
    messages (id) {
        id -> BigInt,
        thread_id -> BigInt,
        seq -> BigInt,
        rev -> BigInt,
        sender_id -> Nullable<BigInt>,
        #[sql_name = "type"]
        kind -> Text,
        text -> Text,
        markup -> Bool,
        meta -> Nullable<Text>,
        answers -> Text,
        related_question_id -> Nullable<BigInt>,
        predecessor_id -> Nullable<BigInt>,
        has_attachments -> Bool,
        client_id -> Nullable<Text>,
        created -> BigInt,
        updated -> BigInt,
        deleted -> Bool,
        changed -> Bool,
    }
}

diesel::table! {
    attachments (id) {
        id -> BigInt,
        message_id -> BigInt,
        #[sql_name = "type"]
        kind -> Text,
        title -> Text,
        description -> Text,
        options -> Nullable<Text>,
        object_id -> Nullable<BigInt>,
        content_type -> Nullable<BigInt>,
        file -> Nullable<Text>,
        thumbnail_file -> Nullable<Text>,
        url -> Nullable<Text>,
        thumbnail -> Nullable<Text>,
        idempotency_key -> Nullable<Text>,
    }
}

diesel::table! {
    subscriptions (account_id) {
        account_id -> BigInt,
        thread_id -> BigInt,
    }
}

diesel::table! {
    meta (key) {
        key -> Text,
        value -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    accounts,
    api_tokens,
    logins,
    threads,
    members,
    messages,
    attachments,
    subscriptions
);
