-- What must leave the house, written in the transaction of its cause. state: waiting, claimed or parked; recipient is
-- the key by which jobs are kept in order.
CREATE TABLE jobs (
    id            INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    kind          TEXT NOT NULL,
    recipient     TEXT NOT NULL,
    payload       TEXT NOT NULL,
    state         TEXT NOT NULL,
    due           BIGINT NOT NULL,
    attempts      INTEGER NOT NULL DEFAULT 0,
    claimed_until BIGINT,
    last_error    TEXT,
    created       BIGINT NOT NULL
);
CREATE INDEX jobs_due ON jobs (state, due, id);
CREATE INDEX jobs_recipient ON jobs (recipient, id);

-- What somebody wants to be told of, by channel (email, push, webhook): of everything, or of one thread. A NULL is no
-- wish: what stands above holds.
CREATE TABLE notification_preferences (
    id         INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    thread_id  BIGINT REFERENCES threads (id) ON DELETE CASCADE,
    channel    TEXT NOT NULL,
    messages   BOOLEAN,
    reminders  BOOLEAN
);
CREATE UNIQUE INDEX notification_preferences_account ON notification_preferences (account_id, channel) WHERE thread_id IS NULL;
CREATE UNIQUE INDEX notification_preferences_thread ON notification_preferences (account_id, thread_id, channel)
    WHERE thread_id IS NOT NULL;

-- Browsers that take push messages (RFC 8030); the keys are theirs (RFC 8291), in base64url.
CREATE TABLE push_subscriptions (
    id         INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    endpoint   TEXT NOT NULL UNIQUE,
    p256dh     TEXT NOT NULL,
    auth       TEXT NOT NULL,
    created    BIGINT NOT NULL
);
CREATE INDEX push_subscriptions_account ON push_subscriptions (account_id);

-- Where an account's notifications go instead of the deployment's webhook; set by the host.
CREATE TABLE account_webhooks (
    account_id BIGINT PRIMARY KEY NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    url        TEXT NOT NULL,
    secret     TEXT NOT NULL
);

-- How far a member was told of a thread by notifications; goes with the seat.
CREATE TABLE notified (
    thread_id  BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    upto       BIGINT NOT NULL,
    PRIMARY KEY (thread_id, account_id),
    FOREIGN KEY (thread_id, account_id) REFERENCES members (thread_id, account_id) ON DELETE CASCADE
);
