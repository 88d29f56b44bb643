-- whether what is said to the person there is carried out by jobs, as where a connector posts it elsewhere
ALTER TABLE door_threads ADD COLUMN durable BOOLEAN NOT NULL DEFAULT FALSE;

-- what the door gave a browser to come back with; only its hash is kept
CREATE TABLE door_sessions (
    door TEXT NOT NULL,
    session TEXT NOT NULL,
    -- whose token asked for it, if tokens are needed
    owner TEXT,
    created BIGINT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (door, session)
);
CREATE INDEX door_sessions_by_use ON door_sessions (used);
