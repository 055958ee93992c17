-- pull_forward.sql: make the messages that a rule holds for active people due, best first, as many as the person's last
-- text still lets through (R4): never ahead of a message's own scheduled_for, and never while a text of the person is
-- unread. With a lease, the caller hands them over at once. Returns the messages.
WITH active_people AS (
    SELECT t.user_id, max(t.created_at) AS since
      FROM orchestrator.person_texts(%(not_conversation)s::text[], %(now)s) t
     WHERE t.created_at > %(active_after)s
       AND (%(user_ids)s::uuid[] IS NULL OR t.user_id = ANY (%(user_ids)s::uuid[]))
       AND NOT EXISTS (
           SELECT FROM users u
            CROSS JOIN LATERAL orchestrator.unread_texts(u.id, orchestrator.e164(u.phone_number))
            WHERE u.id = t.user_id
       )
     GROUP BY t.user_id
), allowances AS (
    SELECT p.user_id,
           least(%(texts_per_inbound)s - coalesce(sum(t.texts) FILTER (WHERE t.active_since = p.since), 0),
                 %(texts_per_hour)s - coalesce(sum(t.texts) FILTER (
                     WHERE t.started_at > %(now)s - interval '60 minutes'
                 ), 0)) AS texts
      FROM active_people p
     CROSS JOIN LATERAL (
            -- People who share a phone share its limits.
            SELECT coalesce(array_agg(sharer.user_id), ARRAY[p.user_id]) AS sharers
              FROM users u
             CROSS JOIN LATERAL orchestrator.people_of(orchestrator.e164(u.phone_number)) sharer
             WHERE u.id = p.user_id
           ) phone
      LEFT JOIN LATERAL orchestrator.active_texts(phone.sharers, %(now)s) t ON true
     GROUP BY p.user_id
), held_messages AS (
    SELECT m.id, allowances.texts,
           -- A sequence comes forward whole or not at all (R8).
           sum(coalesce(m.sequence_total, 1)) OVER (
               PARTITION BY m.user_id
               ORDER BY array_position(%(lanes)s::text[], m.priority::text), m.scheduled_for, m.accepted_at, m.id
           ) AS place
      FROM allowances
      JOIN message_queue m ON m.user_id = allowances.user_id
     WHERE m.status = 'queued' AND m.accepted_at IS NOT NULL AND m.scheduled_for > %(now)s
       AND m.reason IN ('best_time', 'quiet_hours', 'zone_unknown', 'daily_limit', 'hourly_limit', 'question_open')
       AND (m.not_before IS NULL OR m.not_before <= %(now)s)
       AND (m.sequence_position IS NULL OR m.sequence_position = 1)
), best AS (
    SELECT m.id FROM message_queue m JOIN held_messages h ON h.id = m.id AND h.place <= h.texts
     ORDER BY m.id
       FOR NO KEY UPDATE OF m SKIP LOCKED
)
UPDATE message_queue m
   SET scheduled_for = %(now)s,
       -- A reply is approved by approve_replies, in the order of replies.
       status = CASE WHEN %(lease_until)s::timestamptz IS NULL OR m.is_reply THEN m.status ELSE 'approved' END,
       lease_until = CASE WHEN m.is_reply THEN NULL ELSE %(lease_until)s::timestamptz END
  FROM best
 WHERE m.id = best.id
RETURNING m.id, m.user_id, m.status
