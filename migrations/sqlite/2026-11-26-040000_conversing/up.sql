-- what a message says beyond its text: choices, links, media, what became of the conversation
ALTER TABLE messages ADD COLUMN content TEXT;
-- whether bots or channels are owed what is said here
ALTER TABLE threads ADD COLUMN converses BOOLEAN NOT NULL DEFAULT FALSE;

-- where somebody outside talks to us through a door: one thread for each of the door's own conversations
CREATE TABLE door_threads (
    door TEXT NOT NULL,
    conversation TEXT NOT NULL,
    thread_id BIGINT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- the position up to which the door has handed everything on
    delivered BIGINT NOT NULL DEFAULT 0,
    -- whatever the door needs to answer here
    data TEXT NOT NULL DEFAULT '{}',
    created BIGINT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (door, conversation)
);
CREATE INDEX door_threads_of_thread ON door_threads (thread_id);
CREATE INDEX door_threads_by_use ON door_threads (used);
