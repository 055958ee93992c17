-- cancel_by_operator.sql: cancel waiting messages that an operator withdraws, whichever publisher wrote them (R9). A
-- sequence goes whole or not at all (R8).
WITH targets AS (
    SELECT m.id FROM message_queue m
     WHERE m.id IN (
               SELECT unnest(%(message_ids)s::uuid[])
                UNION
               SELECT part.id
                 FROM message_queue named
                 JOIN message_queue part ON part.sequence_id = named.sequence_id AND part.accepted_at IS NOT NULL
                WHERE named.id = ANY (%(message_ids)s::uuid[])
           )
       AND m.status IN ('queued', 'approved') AND m.accepted_at IS NOT NULL
     ORDER BY m.id
       FOR NO KEY UPDATE
), cancellations AS (
    UPDATE message_queue m
       SET status = 'cancelled', reason = 'withdrawn', lease_until = NULL
      FROM targets
     WHERE m.id = targets.id
    RETURNING m.id
), entries AS (
    INSERT INTO orchestrator.timeline (message_id, at, status, reason)
    SELECT id, %(now)s, 'cancelled', 'withdrawn' FROM cancellations
)
SELECT id FROM cancellations
