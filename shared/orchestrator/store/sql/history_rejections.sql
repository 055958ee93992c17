-- history_rejections.sql: why it was not accepted.
SELECT rejected_at, problem FROM orchestrator.rejections WHERE message_id = %(message_id)s ORDER BY rejected_at
