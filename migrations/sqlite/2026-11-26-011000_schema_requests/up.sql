-- What an administrator's request made, by the name that the request had: a repeat gets the same back.
CREATE TABLE schema_requests (
    account_id      BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    idempotency_key TEXT NOT NULL,
    -- the path of the request
    place           TEXT NOT NULL,
    made            BIGINT NOT NULL,
    created         BIGINT NOT NULL,
    PRIMARY KEY (account_id, idempotency_key, place)
);
CREATE INDEX schema_requests_created ON schema_requests (created);
