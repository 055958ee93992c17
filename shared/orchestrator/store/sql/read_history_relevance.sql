-- read_history_relevance.sql: return the last verdict on a message's relevance.
SELECT judged_at, verdict, why FROM orchestrator.relevance WHERE message_id = %(message_id)s
