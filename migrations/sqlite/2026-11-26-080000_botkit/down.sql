DROP TABLE botkit_labels;
