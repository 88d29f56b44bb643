DROP TABLE door_sessions;
ALTER TABLE door_threads DROP COLUMN durable;
