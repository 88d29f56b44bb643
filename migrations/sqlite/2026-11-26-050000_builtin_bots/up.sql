-- Built-in bots (bots contract): configured, not programmed. A bot is a member of its threads through an account of its own.
-- live is the version that runs; draft is a document that is not live yet.
CREATE TABLE builtin_bots (
    id           TEXT PRIMARY KEY NOT NULL,
    owner_id     BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    account_id   BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    live         BIGINT NOT NULL,
    draft        TEXT,
    auto_publish BOOLEAN NOT NULL DEFAULT TRUE,
    variables    TEXT NOT NULL DEFAULT '{}',
    created      BIGINT NOT NULL,
    updated      BIGINT NOT NULL
);
CREATE INDEX builtin_bots_owner ON builtin_bots (owner_id, created);

-- The whole configuration as one document, once per change.
CREATE TABLE builtin_bot_versions (
    bot_id   TEXT NOT NULL REFERENCES builtin_bots (id) ON DELETE CASCADE,
    version  BIGINT NOT NULL,
    document TEXT NOT NULL,
    note     TEXT NOT NULL,
    created  BIGINT NOT NULL,
    PRIMARY KEY (bot_id, version)
);

-- Connections to providers. sealed are the credentials, encrypted; mark is a digest by which one is found again; shown is
-- what may be shown of them.
CREATE TABLE bot_integrations (
    id       TEXT PRIMARY KEY NOT NULL,
    bot_id   TEXT NOT NULL REFERENCES builtin_bots (id) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    sealed   TEXT NOT NULL,
    shown    TEXT NOT NULL,
    mark     TEXT NOT NULL UNIQUE,
    enabled  BOOLEAN NOT NULL,
    info     TEXT,
    created  BIGINT NOT NULL,
    updated  BIGINT NOT NULL,
    UNIQUE (bot_id, provider)
);

-- Where one chat partner is, and what was stored on the way.
CREATE TABLE bot_chats (
    id       TEXT PRIMARY KEY NOT NULL,
    bot_id   TEXT NOT NULL REFERENCES builtin_bots (id) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    chat     TEXT NOT NULL,
    person   TEXT NOT NULL,
    state_id TEXT,
    data     TEXT NOT NULL,
    created  BIGINT NOT NULL,
    updated  BIGINT NOT NULL,
    UNIQUE (bot_id, provider, chat, person)
);

-- Chats and people that providers told of, as they were last called.
CREATE TABLE bot_known (
    bot_id   TEXT NOT NULL REFERENCES builtin_bots (id) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    kind     TEXT NOT NULL,
    name     TEXT NOT NULL,
    data     TEXT NOT NULL,
    updated  BIGINT NOT NULL,
    PRIMARY KEY (bot_id, provider, kind, name)
);

-- What the buttons of a chat stand for where the provider cannot carry it.
CREATE TABLE bot_tickets (
    bot_id   TEXT NOT NULL REFERENCES builtin_bots (id) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    chat     TEXT NOT NULL,
    data     TEXT NOT NULL,
    PRIMARY KEY (bot_id, provider, chat)
);

-- What came in, so that a repeat is dropped; done is set with the effects of its turn.
CREATE TABLE bot_updates (
    integration_id TEXT NOT NULL REFERENCES bot_integrations (id) ON DELETE CASCADE,
    mark           TEXT NOT NULL,
    done           BOOLEAN NOT NULL DEFAULT FALSE,
    seen           BIGINT NOT NULL,
    PRIMARY KEY (integration_id, mark)
);
CREATE INDEX bot_updates_seen ON bot_updates (seen);

-- What went wrong, for the owner; secrets are masked.
CREATE TABLE bot_errors (
    id      INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    bot_id  TEXT NOT NULL REFERENCES builtin_bots (id) ON DELETE CASCADE,
    handler TEXT,
    step    TEXT NOT NULL,
    message TEXT NOT NULL,
    chat    TEXT,
    created BIGINT NOT NULL
);
CREATE INDEX bot_errors_bot ON bot_errors (bot_id, id);

-- Addresses of notification hooks, and the secrets that open them without a token.
CREATE TABLE bot_hook_keys (
    key     TEXT PRIMARY KEY NOT NULL,
    bot_id  TEXT NOT NULL REFERENCES builtin_bots (id) ON DELETE CASCADE,
    hook_id TEXT NOT NULL
);
CREATE TABLE bot_hook_secrets (
    hook_id TEXT PRIMARY KEY NOT NULL,
    bot_id  TEXT NOT NULL REFERENCES builtin_bots (id) ON DELETE CASCADE,
    sealed  TEXT NOT NULL
);

-- What was posted to a hook and what became of it.
CREATE TABLE bot_deliveries (
    id              TEXT PRIMARY KEY NOT NULL,
    bot_id          TEXT NOT NULL REFERENCES builtin_bots (id) ON DELETE CASCADE,
    hook_id         TEXT NOT NULL,
    idempotency_key TEXT,
    state           TEXT NOT NULL,
    error           TEXT,
    recipients      TEXT NOT NULL,
    created         BIGINT NOT NULL,
    UNIQUE (hook_id, idempotency_key)
);
CREATE INDEX bot_deliveries_created ON bot_deliveries (created);
