-- A repeated answer of a survey is known by its sender's own name for it.
ALTER TABLE survey_items ADD COLUMN idempotency_key TEXT;
CREATE UNIQUE INDEX survey_items_idempotency ON survey_items (survey_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

-- Whether results are still the same is asked often: how many, and when the last one was saved.
CREATE INDEX surveys_schema_updated ON surveys (schema_id, updated);
CREATE INDEX messages_question ON messages (related_question_id, updated) WHERE related_question_id IS NOT NULL;
