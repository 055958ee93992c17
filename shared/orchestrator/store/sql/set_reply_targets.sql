-- set_reply_targets.sql: record the configured targets beside the bus; while one is there, statements write events for
-- it. What waits for a target that is configured no more is deleted with it.
WITH former_targets AS (
    DELETE FROM orchestrator.reply_targets WHERE target <> ALL (%(reply_targets)s::text[]) RETURNING target
), their_events AS (
    DELETE FROM orchestrator.events e USING former_targets f WHERE e.target = f.target
)
INSERT INTO orchestrator.reply_targets (target)
SELECT unnest(%(reply_targets)s::text[])
    ON CONFLICT DO NOTHING
