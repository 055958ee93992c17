-- release_after_classification.sql: make the messages due that waited only until a person's text was read, and approve
-- them: of a sequence the first unfinished part (R8); replies are approved by approve_replies, in their own order.
WITH targets AS (
    SELECT m.id,
           m.is_reply IS NOT TRUE
           AND NOT EXISTS (SELECT FROM orchestrator.open_parts_before(m.sequence_id, m.sequence_position)) AS is_next
      FROM message_queue m
      JOIN users u ON u.id = m.user_id
     WHERE m.user_id = ANY (%(user_ids)s::uuid[]) AND m.status = 'queued' AND m.reason = 'reply_unjudged'
       AND m.accepted_at IS NOT NULL
       AND NOT EXISTS (SELECT FROM orchestrator.unread_texts(u.id, orchestrator.e164(u.phone_number)))
)
UPDATE message_queue m
   SET scheduled_for = %(now)s,
       status = CASE WHEN targets.is_next THEN 'approved' ELSE m.status END,
       lease_until = CASE WHEN targets.is_next THEN %(lease_until)s::timestamptz END
  FROM targets
 WHERE m.id = targets.id AND m.status = 'queued'
RETURNING m.id, m.user_id, m.status
