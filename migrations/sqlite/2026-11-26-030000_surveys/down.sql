DROP INDEX messages_question;
DROP INDEX surveys_schema_updated;
DROP INDEX survey_items_idempotency;
ALTER TABLE survey_items DROP COLUMN idempotency_key;
