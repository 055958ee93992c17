-- history_timeline.sql: its holds and its end.
SELECT at, status, reason, until FROM orchestrator.timeline WHERE message_id = %(message_id)s ORDER BY id
