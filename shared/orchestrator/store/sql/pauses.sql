-- pauses.sql: what is paused, oldest first.
SELECT scope, value, note, paused_at, ends_at FROM orchestrator.pauses ORDER BY paused_at
