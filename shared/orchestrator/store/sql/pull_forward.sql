-- pull_forward.sql: what a rule holds for a person who is there comes forward, best first, as many as their last
-- message still lets through (R4). Never ahead of its own scheduled_for, and never before what they wrote is judged.
-- With a lease, it is handed over at once by whoever asked. Returns what came forward.
WITH active AS (
    SELECT t.user_id, max(t.created_at) AS since
      FROM orchestrator.person_texts(%(not_conversation)s::text[], %(now)s) t
     WHERE t.created_at > %(active_after)s
       AND (%(user_ids)s::uuid[] IS NULL OR t.user_id = ANY (%(user_ids)s::uuid[]))
       AND NOT EXISTS (SELECT FROM orchestrator.unread_texts(t.user_id))
     GROUP BY t.user_id
), room AS (
    SELECT active.user_id, active.since, %(texts_per_inbound)s - count(a.id) AS texts
      FROM active
      LEFT JOIN orchestrator.attempts a
        ON a.user_id = active.user_id AND a.holds_slot AND a.active_since = active.since
     GROUP BY active.user_id, active.since
), held AS (
    SELECT m.id, room.texts,
           row_number() OVER (
               PARTITION BY m.user_id
               ORDER BY array_position(%(lanes)s::text[], m.priority::text), m.scheduled_for, m.accepted_at
           ) AS place
      FROM room
      JOIN message_queue m ON m.user_id = room.user_id
     WHERE m.status = 'queued' AND m.accepted_at IS NOT NULL AND m.scheduled_for > %(now)s
       AND m.reason IN ('best_time', 'quiet_hours', 'zone_unknown', 'daily_limit', 'hourly_limit')
       AND (m.not_before IS NULL OR m.not_before <= %(now)s)
       AND (m.sequence_position IS NULL OR m.sequence_position = 1)
), best AS (
    SELECT m.id FROM message_queue m JOIN held ON held.id = m.id AND held.place <= held.texts
     ORDER BY m.id
       FOR NO KEY UPDATE OF m SKIP LOCKED
)
UPDATE message_queue m
   SET scheduled_for = %(now)s,
       -- Replies follow in their own order.
       status = CASE WHEN %(lease_until)s::timestamptz IS NULL OR m.is_reply THEN m.status ELSE 'approved' END,
       lease_until = CASE WHEN m.is_reply THEN NULL ELSE %(lease_until)s::timestamptz END
  FROM best
 WHERE m.id = best.id
RETURNING m.id, m.user_id, m.status
