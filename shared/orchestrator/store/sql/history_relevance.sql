-- history_relevance.sql: what was last said of whether it still makes sense.
SELECT judged_at, verdict, why FROM orchestrator.relevance WHERE message_id = %(message_id)s
