DROP TABLE notified;
DROP TABLE account_webhooks;
DROP TABLE push_subscriptions;
DROP TABLE notification_preferences;
DROP TABLE jobs;
