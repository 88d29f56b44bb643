-- What scripted questioners ask, where members stand in it, and what surveys collect.

-- A schema that is out is never changed; `language` is that of its texts, empty if nobody said.
CREATE TABLE schemas (
    id         INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name       TEXT NOT NULL,
    type       TEXT NOT NULL,
    version    BIGINT NOT NULL,
    published  BOOLEAN NOT NULL,
    deprecated BOOLEAN NOT NULL,
    language   TEXT NOT NULL DEFAULT '',
    created    BIGINT NOT NULL,
    updated    BIGINT NOT NULL
);
CREATE UNIQUE INDEX schemas_version ON schemas (name, version);
CREATE INDEX schemas_type ON schemas (type);

CREATE TABLE question_groups (
    id        INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    schema_id BIGINT NOT NULL REFERENCES schemas (id) ON DELETE CASCADE,
    name      TEXT NOT NULL,
    position  BIGINT NOT NULL
);
CREATE UNIQUE INDEX question_groups_name ON question_groups (schema_id, name);
CREATE UNIQUE INDEX question_groups_position ON question_groups (schema_id, position);

CREATE TABLE questions (
    id                     INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    schema_id              BIGINT NOT NULL REFERENCES schemas (id) ON DELETE CASCADE,
    group_id               BIGINT REFERENCES question_groups (id) ON DELETE SET NULL,
    qid                    BIGINT NOT NULL,
    position               BIGINT NOT NULL,
    type                   TEXT NOT NULL,
    text                   TEXT NOT NULL,
    next_qid               BIGINT,
    meta                   TEXT,
    required               BOOLEAN NOT NULL,
    choice_open            BOOLEAN NOT NULL,
    range_from             DOUBLE,
    range_to               DOUBLE,
    comments               TEXT NOT NULL,
    variable_modifications TEXT NOT NULL,
    forking_rules          TEXT NOT NULL,
    show_as_type           TEXT NOT NULL,
    has_attachments        BOOLEAN NOT NULL DEFAULT 0,
    -- by language code
    translations           TEXT NOT NULL DEFAULT '{}'
);
CREATE UNIQUE INDEX questions_qid ON questions (schema_id, qid);
CREATE UNIQUE INDEX questions_position ON questions (schema_id, position);

CREATE TABLE answers (
    id                     INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    question_id            BIGINT NOT NULL REFERENCES questions (id) ON DELETE CASCADE,
    position               BIGINT NOT NULL,
    text                   TEXT NOT NULL,
    next_qid               BIGINT,
    meta                   TEXT,
    comments               TEXT NOT NULL,
    variable_modifications TEXT NOT NULL,
    exclusive              BOOLEAN NOT NULL,
    translations           TEXT NOT NULL DEFAULT '{}'
);
CREATE UNIQUE INDEX answers_position ON answers (question_id, position);

CREATE TABLE attachment_templates (
    id             INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    question_id    BIGINT NOT NULL REFERENCES questions (id) ON DELETE CASCADE,
    type           TEXT NOT NULL,
    title          TEXT NOT NULL,
    description    TEXT NOT NULL,
    options        TEXT,
    object_id      BIGINT,
    content_type   BIGINT,
    file           TEXT,
    thumbnail_file TEXT,
    url            TEXT,
    thumbnail      TEXT
);
CREATE INDEX attachment_templates_question ON attachment_templates (question_id);

-- What was done to a member's variables, in order: by an automated message's question, or by a chosen answer.
CREATE TABLE variable_log (
    id            INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    thread_id     BIGINT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    account_id    BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    message_id    BIGINT NOT NULL,
    -- null: the question's own
    answer_id     BIGINT,
    modifications TEXT NOT NULL,
    draws         TEXT NOT NULL
);
CREATE INDEX variable_log_member ON variable_log (thread_id, account_id, id);
CREATE INDEX variable_log_message ON variable_log (message_id);

-- Control questions that were confirmed leave no message; a repeated request is known by this.
CREATE TABLE confirmations (
    thread_id  BIGINT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    client_id  TEXT NOT NULL,
    PRIMARY KEY (thread_id, account_id, client_id)
);

-- Whose run a message belongs to; null for what is said outside of scripts.
ALTER TABLE messages ADD COLUMN run_account_id BIGINT;
CREATE INDEX messages_run ON messages (thread_id, run_account_id, seq) WHERE run_account_id IS NOT NULL;
CREATE INDEX messages_answers ON messages (thread_id, run_account_id, related_question_id, seq) WHERE run_account_id IS NOT NULL;

-- The mode of the last run, where in the thread it began, and the member's language in this thread.
ALTER TABLE members ADD COLUMN run_mode TEXT;
ALTER TABLE members ADD COLUMN run_began BIGINT NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN language TEXT;
ALTER TABLE members ADD COLUMN restart_anchor BIGINT;
CREATE INDEX members_schema ON members (schema_id, question_id) WHERE schema_id IS NOT NULL;
CREATE INDEX members_restart ON members (next_restart) WHERE next_restart IS NOT NULL;

ALTER TABLE accounts ADD COLUMN language TEXT;

CREATE TABLE surveys (
    id                  INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    schema_id           BIGINT NOT NULL REFERENCES schemas (id),
    account_id          BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    automated_sender_id BIGINT REFERENCES accounts (id) ON DELETE SET NULL,
    visibility          TEXT NOT NULL,
    completed           BOOLEAN NOT NULL,
    created             BIGINT NOT NULL,
    updated             BIGINT NOT NULL,
    idempotency_key     TEXT
);
CREATE INDEX surveys_account ON surveys (account_id);
CREATE INDEX surveys_schema ON surveys (schema_id);
CREATE UNIQUE INDEX surveys_idempotency ON surveys (account_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE TABLE survey_items (
    id                  INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    survey_id           BIGINT NOT NULL REFERENCES surveys (id) ON DELETE CASCADE,
    related_question_id BIGINT NOT NULL REFERENCES questions (id),
    sender_id           BIGINT REFERENCES accounts (id) ON DELETE SET NULL,
    text                TEXT NOT NULL,
    answers             TEXT NOT NULL,
    position            BIGINT NOT NULL,
    created             BIGINT NOT NULL,
    updated             BIGINT NOT NULL
);
CREATE UNIQUE INDEX survey_items_question ON survey_items (survey_id, related_question_id);

CREATE TABLE survey_attachments (
    id              INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    item_id         BIGINT NOT NULL REFERENCES survey_items (id) ON DELETE CASCADE,
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
CREATE INDEX survey_attachments_item ON survey_attachments (item_id);
CREATE UNIQUE INDEX survey_attachments_idempotency ON survey_attachments (item_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
