-- read_history_timeline.sql: return a message's holds and its end.
SELECT at, status, reason, until, note FROM orchestrator.timeline WHERE message_id = %(message_id)s ORDER BY id
