-- withdraw.sql: cancel what still waits, and remember the ids for messages that have not arrived yet (R9).
WITH remembered AS (
    INSERT INTO orchestrator.withdrawals (message_id, withdrawn_at)
    SELECT DISTINCT w, %(now)s FROM unnest(%(message_ids)s::uuid[]) AS w
        ON CONFLICT DO NOTHING
), waiting AS (
    SELECT id FROM message_queue
     WHERE id = ANY (%(message_ids)s::uuid[]) AND status IN ('queued', 'approved') AND accepted_at IS NOT NULL
     ORDER BY id
       FOR NO KEY UPDATE
), cancelled AS (
    UPDATE message_queue m
       SET status = 'cancelled', reason = 'withdrawn', lease_until = NULL
      FROM waiting
     WHERE m.id = waiting.id
    RETURNING m.id
)
INSERT INTO orchestrator.timeline (message_id, at, status, reason)
SELECT id, %(now)s, 'cancelled', 'withdrawn' FROM cancelled
