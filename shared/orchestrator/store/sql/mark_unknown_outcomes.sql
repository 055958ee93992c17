-- mark_unknown_outcomes.sql: end messages that may have been sent and for which no evidence can come.
WITH ends AS (
    UPDATE message_queue
       SET status = 'failed', reason = 'unknown_outcome', lease_until = NULL
     WHERE id = ANY (%(message_ids)s::uuid[]) AND status IN ('queued', 'approved')
    RETURNING id
)
INSERT INTO orchestrator.timeline (message_id, at, status, reason)
SELECT id, %(now)s, 'failed', 'unknown_outcome' FROM ends
