-- What people write reaches agents by other targets than the event bus, too: an event is one row for each target, which
-- is tried until its target takes it.
ALTER TABLE orchestrator.events ADD COLUMN target text NOT NULL DEFAULT 'bus';
ALTER TABLE orchestrator.events ADD COLUMN failures int NOT NULL DEFAULT 0;
ALTER TABLE orchestrator.events ADD COLUMN error text;
CREATE INDEX events_of_targets ON orchestrator.events (target, at, id);
CREATE INDEX events_that_failed ON orchestrator.events (target) WHERE failures > 0;

-- One row for each target beside the bus, while it is configured.
CREATE TABLE orchestrator.reply_targets (target text PRIMARY KEY);
