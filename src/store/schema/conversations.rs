//! The tables of conversations that operators hold, as diesel sees them; kept in step with `migrations/` by hand.

diesel::table! {
    catalog (id) {
        id -> BigInt,
        kind -> Text,
        name -> Text,
        data -> Text,
    }
}

diesel::table! {
    operators (account_id) {
        account_id -> BigInt,
        group_id -> BigInt,
        skills -> Text,
        slots -> BigInt,
        away -> Bool,
        last_given -> Nullable<BigInt>,
    }
}

diesel::table! {
    bots (account_id) {
        account_id -> BigInt,
        settings -> Text,
        active -> Bool,
        slots -> BigInt,
        api_key -> Text,
        last_given -> Nullable<BigInt>,
        created -> BigInt,
    }
}

diesel::table! {
    bot_log (id) {
        id -> BigInt,
        bot_id -> BigInt,
        at -> BigInt,
        entry -> Text,
    }
}

diesel::table! {
    widgets (id) {
        id -> BigInt,
        channel -> Text,
        settings -> Text,
    }
}

diesel::table! {
    contacts (account_id) {
        account_id -> BigInt,
        data -> Text,
        holders -> Text,
    }
}

diesel::table! {
    conversations (thread_id) {
        thread_id -> BigInt,
        account_id -> BigInt,
        widget_id -> BigInt,
        rev -> BigInt,
        state -> Text,
        status -> Text,
        in_inbox -> Bool,
        group_id -> Nullable<BigInt>,
        operator_id -> Nullable<BigInt>,
        session_bot -> Nullable<BigInt>,
        calling -> Bool,
        heard -> BigInt,
        dispatched -> Text,
        files -> Text,
        created -> BigInt,
        updated -> BigInt,
    }
}

diesel::table! {
    sessions (cid) {
        cid -> Text,
        thread_id -> BigInt,
        bot_id -> BigInt,
        began -> BigInt,
        over -> Bool,
    }
}
