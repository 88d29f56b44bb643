DROP TABLE sessions;
DROP TABLE conversations;
DROP TABLE contacts;
DROP TABLE widgets;
DROP TABLE bot_log;
DROP TABLE bots;
DROP TABLE operators;
DROP TABLE catalog;
