-- list_pauses.sql: list the pauses in force, oldest first. A ceiling, or a pause by outcome, that an operator ended has an
-- end that is its start.
SELECT scope, value, paused_by, note, paused_at, ends_at FROM orchestrator.pauses
 WHERE ends_at IS NULL OR (ends_at > %(now)s AND ends_at > paused_at)
 ORDER BY paused_at, scope, value
