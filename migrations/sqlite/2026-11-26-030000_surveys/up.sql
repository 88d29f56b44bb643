-- A repeated answer of a survey is known by its sender's own name for it.
ALTER TABLE survey_items ADD COLUMN idempotency_key TEXT;
CREATE UNIQUE INDEX survey_items_idempotency ON survey_items (survey_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

-- Results are read by schema and in pages of surveys and runs.
CREATE INDEX surveys_schema_created ON surveys (schema_id, created);
CREATE INDEX messages_question ON messages (related_question_id, updated) WHERE related_question_id IS NOT NULL;
