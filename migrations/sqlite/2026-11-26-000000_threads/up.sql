-- Instants are microseconds since 1970-01-01 UTC; JSON is stored as text.
CREATE TABLE accounts (
    id            INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    email         TEXT UNIQUE,
    first_name    TEXT NOT NULL,
    last_name     TEXT NOT NULL,
    role          TEXT NOT NULL,
    avatar        TEXT,
    password_hash TEXT,
    external_id   TEXT UNIQUE,
    disabled      BOOLEAN NOT NULL DEFAULT 0,
    created       BIGINT NOT NULL,
    updated       BIGINT NOT NULL
);

-- Secrets are kept as SHA-256 digests only.
CREATE TABLE api_tokens (
    id         INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    digest     TEXT NOT NULL UNIQUE,
    label      TEXT NOT NULL,
    created    BIGINT NOT NULL,
    expires    BIGINT
);
CREATE INDEX api_tokens_account ON api_tokens (account_id);

CREATE TABLE logins (
    id         INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    digest     TEXT NOT NULL UNIQUE,
    csrf       TEXT NOT NULL,
    created    BIGINT NOT NULL,
    expires    BIGINT NOT NULL
);
CREATE INDEX logins_account ON logins (account_id);

-- What live sessions must be closed for; polled by id, pruned after a day.
CREATE TABLE revocations (
    id        INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    kind      TEXT NOT NULL,
    reference BIGINT NOT NULL,
    at        BIGINT NOT NULL
);

CREATE TABLE threads (
    id              INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    type            TEXT NOT NULL,
    title           TEXT NOT NULL,
    creator_id      BIGINT REFERENCES accounts (id) ON DELETE SET NULL,
    created         BIGINT NOT NULL,
    updated         BIGINT NOT NULL,
    seq             BIGINT NOT NULL DEFAULT 0,
    rev             BIGINT NOT NULL DEFAULT 0,
    changed_rev     BIGINT NOT NULL DEFAULT 0,
    idempotency_key TEXT,
    widget_key      TEXT
);
CREATE UNIQUE INDEX threads_idempotency ON threads (creator_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX threads_widget ON threads (creator_id, widget_key) WHERE widget_key IS NOT NULL;

CREATE TABLE members (
    thread_id           BIGINT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    account_id          BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created             BIGINT NOT NULL,
    updated             BIGINT NOT NULL,
    permissions         INTEGER NOT NULL,
    notifications       INTEGER NOT NULL,
    state               TEXT NOT NULL,
    schema_id           BIGINT,
    question_id         BIGINT,
    initial_question_id BIGINT,
    related_message_id  BIGINT,
    on_finish           TEXT NOT NULL,
    automated_sender_id BIGINT,
    frequency_unit      TEXT,
    frequency_value     BIGINT,
    repeat_until        BIGINT,
    next_restart        BIGINT,
    variables_pool      TEXT NOT NULL DEFAULT '{}',
    rev                 BIGINT NOT NULL,
    read_state          TEXT NOT NULL,
    PRIMARY KEY (thread_id, account_id)
);
CREATE INDEX members_account ON members (account_id, thread_id);

CREATE TABLE messages (
    id                  INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    thread_id           BIGINT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    seq                 BIGINT NOT NULL,
    rev                 BIGINT NOT NULL,
    sender_id           BIGINT REFERENCES accounts (id) ON DELETE SET NULL,
    type                TEXT NOT NULL,
    text                TEXT NOT NULL,
    -- true: the text is the house's own and leaves unescaped
    markup              BOOLEAN NOT NULL DEFAULT 0,
    meta                TEXT,
    answers             TEXT NOT NULL DEFAULT '[]',
    related_question_id BIGINT,
    predecessor_id      BIGINT,
    has_attachments     BOOLEAN NOT NULL DEFAULT 0,
    client_id           TEXT,
    created             BIGINT NOT NULL,
    updated             BIGINT NOT NULL,
    deleted             BOOLEAN NOT NULL DEFAULT 0,
    -- true once it was edited or deleted: its rev is then no longer that of its making
    changed             BOOLEAN NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX messages_seq ON messages (thread_id, seq);
-- A message that was never changed is found by its position; only the others need their revision indexed.
CREATE INDEX messages_changed ON messages (thread_id, rev) WHERE changed;
CREATE UNIQUE INDEX messages_client ON messages (thread_id, sender_id, client_id) WHERE client_id IS NOT NULL;

CREATE TABLE attachments (
    id              INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    message_id      BIGINT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    type            TEXT NOT NULL,
    title           TEXT NOT NULL,
    description     TEXT NOT NULL,
    options         TEXT,
    object_id       BIGINT,
    content_type    BIGINT,
    file            TEXT,
    thumbnail_file  TEXT,
    url             TEXT,
    thumbnail       TEXT,
    idempotency_key TEXT
);
CREATE INDEX attachments_message ON attachments (message_id);
CREATE UNIQUE INDEX attachments_idempotency ON attachments (message_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

-- One thread an account watches without being a member.
CREATE TABLE subscriptions (
    account_id BIGINT PRIMARY KEY NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    thread_id  BIGINT NOT NULL REFERENCES threads (id) ON DELETE CASCADE
);
CREATE INDEX subscriptions_thread ON subscriptions (thread_id);

-- log_id (the history that revs belong to), indexed_upto (last message id in the search index), demo_seeded
CREATE TABLE meta (
    key   TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
);

CREATE VIRTUAL TABLE messages_fts USING fts5 (text, sender, content='', contentless_delete=1, tokenize='unicode61');
