//! Tables of built-in bots.

diesel::table! {
    builtin_bots (id) {
        id -> Text,
        owner_id -> BigInt,
        account_id -> BigInt,
        name -> Text,
        live -> BigInt,
        draft -> Nullable<Text>,
        auto_publish -> Bool,
        variables -> Text,
        created -> BigInt,
        updated -> BigInt,
    }
}

diesel::table! {
    builtin_bot_versions (bot_id, version) {
        bot_id -> Text,
        version -> BigInt,
        document -> Text,
        note -> Text,
        created -> BigInt,
    }
}

diesel::table! {
    bot_integrations (id) {
        id -> Text,
        bot_id -> Text,
        provider -> Text,
        sealed -> Text,
        shown -> Text,
        mark -> Text,
        enabled -> Bool,
        info -> Nullable<Text>,
        created -> BigInt,
        updated -> BigInt,
    }
}

diesel::table! {
    bot_chats (id) {
        id -> Text,
        bot_id -> Text,
        provider -> Text,
        chat -> Text,
        person -> Text,
        state_id -> Nullable<Text>,
        data -> Text,
        created -> BigInt,
        updated -> BigInt,
    }
}

diesel::table! {
    bot_known (bot_id, provider, kind, name) {
        bot_id -> Text,
        provider -> Text,
        kind -> Text,
        name -> Text,
        data -> Text,
        updated -> BigInt,
    }
}

diesel::table! {
    bot_tickets (bot_id, provider, chat) {
        bot_id -> Text,
        provider -> Text,
        chat -> Text,
        data -> Text,
    }
}

diesel::table! {
    bot_updates (integration_id, mark) {
        integration_id -> Text,
        mark -> Text,
        done -> Bool,
        seen -> BigInt,
    }
}

diesel::table! {
    bot_errors (id) {
        id -> BigInt,
        bot_id -> Text,
        handler -> Nullable<Text>,
        step -> Text,
        message -> Text,
        chat -> Nullable<Text>,
        created -> BigInt,
    }
}

diesel::table! {
    bot_hook_keys (key) {
        key -> Text,
        bot_id -> Text,
        hook_id -> Text,
    }
}

diesel::table! {
    bot_hook_secrets (hook_id) {
        hook_id -> Text,
        bot_id -> Text,
        sealed -> Text,
    }
}

diesel::table! {
    bot_deliveries (id) {
        id -> Text,
        bot_id -> Text,
        hook_id -> Text,
        idempotency_key -> Nullable<Text>,
        state -> Text,
        error -> Nullable<Text>,
        recipients -> Text,
        created -> BigInt,
    }
}
