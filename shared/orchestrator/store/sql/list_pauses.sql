-- list_pauses.sql: list the pauses, oldest first.
SELECT scope, value, note, paused_at, ends_at FROM orchestrator.pauses ORDER BY paused_at
