-- read_history_rejections.sql: return the rejections of a message.
SELECT rejected_at, agent_id, problem FROM orchestrator.rejections WHERE message_id = %(message_id)s
