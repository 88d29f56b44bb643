-- the names under which a browser session of Botkit's client spoke, and which visitor each of them is
CREATE TABLE botkit_labels (
    session TEXT NOT NULL,
    label TEXT NOT NULL,
    conversation TEXT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (session, label)
);
CREATE INDEX botkit_labels_by_use ON botkit_labels (used);
