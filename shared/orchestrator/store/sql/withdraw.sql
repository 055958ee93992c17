-- withdraw.sql: cancel what still waits, and remember the ids for messages that have not arrived yet (R9). Where an
-- agent's publishers are bound, only its author withdraws a message (R13).
WITH withdrawals AS (
    SELECT * FROM unnest(%(message_id)s::uuid[], %(publisher)s::text[]) AS w (message_id, publisher)
), remembered AS (
    INSERT INTO orchestrator.withdrawals (message_id, publisher, withdrawn_at)
    SELECT message_id, publisher, %(now)s FROM withdrawals
        ON CONFLICT DO NOTHING
), waiting AS (
    SELECT id FROM message_queue m
     WHERE m.status IN ('queued', 'approved') AND m.accepted_at IS NOT NULL
       AND EXISTS (
               SELECT FROM withdrawals w
                WHERE w.message_id = m.id AND (m.publisher IS NULL OR w.publisher = m.publisher)
           )
       AND m.id = ANY (%(message_id)s::uuid[])
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
