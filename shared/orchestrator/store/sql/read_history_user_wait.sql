-- read_history_user_wait.sql: return since when and until when a message waits, or waited, for its user.
SELECT since, until, agent_id FROM orchestrator.waits_for_users WHERE message_id = %(message_id)s
