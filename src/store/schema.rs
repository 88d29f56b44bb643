//! The tables as diesel sees them, written by hand for every engine; a test compares them with what the
//! migrations make, column by column.

mod botkit;
mod bots;
pub mod conversations;
mod doors;

pub use botkit::botkit_labels;
pub use bots::*;
pub use doors::{door_sessions, door_threads};

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
        language -> Nullable<Text>,
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
        converses -> Bool,
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
        run_mode -> Nullable<Text>,
        run_began -> BigInt,
        language -> Nullable<Text>,
        restart_anchor -> Nullable<BigInt>,
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
        run_account_id -> Nullable<BigInt>,
        content -> Nullable<Text>,
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

diesel::table! {
    schemas (id) {
        id -> BigInt,
        name -> Text,
        #[sql_name = "type"]
        kind -> Text,
        version -> BigInt,
        published -> Bool,
        deprecated -> Bool,
        language -> Text,
        created -> BigInt,
        updated -> BigInt,
    }
}

diesel::table! {
    schema_requests (account_id, idempotency_key, place) {
        account_id -> BigInt,
        idempotency_key -> Text,
        place -> Text,
        made -> BigInt,
        created -> BigInt,
    }
}

diesel::table! {
    question_groups (id) {
        id -> BigInt,
        schema_id -> BigInt,
        name -> Text,
        position -> BigInt,
    }
}

diesel::table! {
    questions (id) {
        id -> BigInt,
        schema_id -> BigInt,
        group_id -> Nullable<BigInt>,
        qid -> BigInt,
        position -> BigInt,
        #[sql_name = "type"]
        kind -> Text,
        text -> Text,
        next_qid -> Nullable<BigInt>,
        meta -> Nullable<Text>,
        required -> Bool,
        choice_open -> Bool,
        range_from -> Nullable<Double>,
        range_to -> Nullable<Double>,
        comments -> Text,
        variable_modifications -> Text,
        forking_rules -> Text,
        show_as_type -> Text,
        has_attachments -> Bool,
        translations -> Text,
    }
}

diesel::table! {
    answers (id) {
        id -> BigInt,
        question_id -> BigInt,
        position -> BigInt,
        text -> Text,
        next_qid -> Nullable<BigInt>,
        meta -> Nullable<Text>,
        comments -> Text,
        variable_modifications -> Text,
        exclusive -> Bool,
        translations -> Text,
    }
}

diesel::table! {
    attachment_templates (id) {
        id -> BigInt,
        question_id -> BigInt,
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
    }
}

diesel::table! {
    variable_log (id) {
        id -> BigInt,
        thread_id -> BigInt,
        account_id -> BigInt,
        message_id -> BigInt,
        answer_id -> Nullable<BigInt>,
        modifications -> Text,
        draws -> Text,
    }
}

diesel::table! {
    confirmations (thread_id, account_id, client_id) {
        thread_id -> BigInt,
        account_id -> BigInt,
        client_id -> Text,
    }
}

diesel::table! {
    surveys (id) {
        id -> BigInt,
        schema_id -> BigInt,
        account_id -> BigInt,
        automated_sender_id -> Nullable<BigInt>,
        visibility -> Text,
        completed -> Bool,
        created -> BigInt,
        updated -> BigInt,
        idempotency_key -> Nullable<Text>,
    }
}

diesel::table! {
    survey_items (id) {
        id -> BigInt,
        survey_id -> BigInt,
        related_question_id -> BigInt,
        sender_id -> Nullable<BigInt>,
        text -> Text,
        answers -> Text,
        position -> BigInt,
        created -> BigInt,
        updated -> BigInt,
        idempotency_key -> Nullable<Text>,
    }
}

diesel::table! {
    survey_attachments (id) {
        id -> BigInt,
        item_id -> BigInt,
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
    jobs (id) {
        id -> BigInt,
        kind -> Text,
        recipient -> Text,
        payload -> Text,
        state -> Text,
        due -> BigInt,
        attempts -> Integer,
        claimed_until -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
        created -> BigInt,
    }
}

diesel::table! {
    notification_preferences (id) {
        id -> BigInt,
        account_id -> BigInt,
        thread_id -> Nullable<BigInt>,
        channel -> Text,
        messages -> Nullable<Bool>,
        reminders -> Nullable<Bool>,
    }
}

diesel::table! {
    push_subscriptions (id) {
        id -> BigInt,
        account_id -> BigInt,
        endpoint -> Text,
        p256dh -> Text,
        auth -> Text,
        created -> BigInt,
    }
}

diesel::table! {
    account_webhooks (account_id) {
        account_id -> BigInt,
        url -> Text,
        secret -> Text,
    }
}

diesel::table! {
    notified (thread_id, account_id) {
        thread_id -> BigInt,
        account_id -> BigInt,
        upto -> BigInt,
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
    subscriptions,
    schemas,
    schema_requests,
    question_groups,
    questions,
    answers,
    attachment_templates,
    variable_log,
    surveys,
    survey_items,
    survey_attachments,
);
