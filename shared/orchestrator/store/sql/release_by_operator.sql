-- release_by_operator.sql: make a message that is held for its best time due now, with its whole sequence (R7, R8); it never
-- goes ahead of its own scheduled_for. At once, it also joins the lane `high`. Every other rule holds as before.
WITH targets AS (
    SELECT m.id FROM message_queue m
     WHERE m.id IN (
               SELECT %(message_id)s::uuid
                UNION
               SELECT part.id
                 FROM message_queue named
                 JOIN message_queue part ON part.sequence_id = named.sequence_id AND part.accepted_at IS NOT NULL
                WHERE named.id = %(message_id)s
           )
       AND m.status = 'queued' AND m.reason = 'best_time' AND m.accepted_at IS NOT NULL
     ORDER BY m.id
       FOR NO KEY UPDATE
)
UPDATE message_queue m
   SET scheduled_for = greatest(m.not_before, %(now)s), best_at = NULL, can_delay = false,
       reason = CASE WHEN m.not_before > %(now)s THEN 'scheduled' END,
       priority = CASE WHEN %(at_once)s THEN 'high' ELSE m.priority END
  FROM targets
 WHERE m.id = targets.id
RETURNING m.id, m.scheduled_for
