-- groups, skills, topics, custom fields and add-ons: what the organisation has names for
CREATE TABLE catalog (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    -- what else is set; secrets are sealed
    data TEXT NOT NULL DEFAULT '{}',
    UNIQUE (kind, name)
);

-- how people hold conversations; who has no row holds none
CREATE TABLE operators (
    account_id BIGINT PRIMARY KEY NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    group_id BIGINT NOT NULL,
    skills TEXT NOT NULL DEFAULT '[]',
    slots BIGINT NOT NULL,
    away BOOLEAN NOT NULL DEFAULT FALSE,
    last_given BIGINT
);

-- bots that hold conversations
CREATE TABLE bots (
    account_id BIGINT PRIMARY KEY NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- how it is set; secrets are sealed
    settings TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    slots BIGINT NOT NULL,
    api_key TEXT NOT NULL UNIQUE,
    last_given BIGINT,
    created BIGINT NOT NULL
);

-- the last calls and requests of each bot
CREATE TABLE bot_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    bot_id BIGINT NOT NULL REFERENCES bots (account_id) ON DELETE CASCADE,
    at BIGINT NOT NULL,
    entry TEXT NOT NULL
);
CREATE INDEX bot_log_of_bot ON bot_log (bot_id, id);

-- entrances through which conversations begin
CREATE TABLE widgets (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    channel TEXT NOT NULL,
    settings TEXT NOT NULL
);

-- what is known of people outside, beyond their account
CREATE TABLE contacts (
    account_id BIGINT PRIMARY KEY NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    data TEXT NOT NULL,
    -- who held their conversations last, the latest first
    holders TEXT NOT NULL DEFAULT '[]'
);

-- conversations that operators hold, human or bot
CREATE TABLE conversations (
    thread_id BIGINT PRIMARY KEY NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    widget_id BIGINT NOT NULL,
    rev BIGINT NOT NULL DEFAULT 0,
    state TEXT NOT NULL,
    status TEXT NOT NULL,
    in_inbox BOOLEAN NOT NULL DEFAULT FALSE,
    group_id BIGINT,
    operator_id BIGINT,
    session_bot BIGINT,
    -- a bot's answer is awaited
    calling BOOLEAN NOT NULL DEFAULT FALSE,
    -- the position up to which it was heard what people said
    heard BIGINT NOT NULL DEFAULT 0,
    -- what went out after its end
    dispatched TEXT NOT NULL DEFAULT '[]',
    -- files of bots that were fetched and wait to be shown, by their address
    files TEXT NOT NULL DEFAULT '{}',
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL
);
CREATE INDEX conversations_of_operator ON conversations (operator_id, status);
CREATE INDEX conversations_of_bot ON conversations (session_bot);
CREATE INDEX conversations_in_inbox ON conversations (in_inbox, group_id, updated);

-- every session there ever was, so that a request for one that is over is told so
CREATE TABLE sessions (
    cid TEXT PRIMARY KEY NOT NULL,
    thread_id BIGINT NOT NULL,
    bot_id BIGINT NOT NULL,
    began BIGINT NOT NULL,
    over BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX sessions_of_thread ON sessions (thread_id);
