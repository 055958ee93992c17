-- Messages that wait in SQS for their user to be created, so that `explain` and `doctor` know them at once.
CREATE TABLE orchestrator.waits_for_users (
    message_id uuid PRIMARY KEY,
    agent_id text,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL
);
CREATE INDEX waits_for_users_by_time ON orchestrator.waits_for_users (until);
