-- mark_unknown_outcomes.sql: these may have been sent, and nobody can tell: they end visibly.
WITH doubted AS (
    UPDATE message_queue
       SET status = 'failed', reason = 'unknown_outcome', lease_until = NULL
     WHERE id = ANY (%(message_ids)s::uuid[]) AND status IN ('queued', 'approved')
    RETURNING id
)
INSERT INTO orchestrator.timeline (message_id, at, status, reason)
SELECT id, %(now)s, 'failed', 'unknown_outcome' FROM doubted
