DROP TABLE schema_requests;
