-- list_pauses.sql: list the pauses, oldest first; a ceiling that an operator lifted is none.
SELECT scope, value, note, paused_at, ends_at FROM orchestrator.pauses
 WHERE ends_at IS DISTINCT FROM paused_at
 ORDER BY paused_at
