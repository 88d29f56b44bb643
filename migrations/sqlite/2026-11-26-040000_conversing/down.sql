DROP TABLE door_threads;
ALTER TABLE threads DROP COLUMN converses;
ALTER TABLE messages DROP COLUMN content;
