-- release_after_classification.sql: make the messages due that waited only until a person's text was read, and approve
-- them; replies are approved by approve_replies, in their own order.
UPDATE message_queue m
   SET scheduled_for = %(now)s,
       status = CASE WHEN m.is_reply THEN m.status ELSE 'approved' END,
       lease_until = CASE WHEN m.is_reply THEN NULL ELSE %(lease_until)s::timestamptz END
 WHERE m.user_id = ANY (%(user_ids)s::uuid[]) AND m.status = 'queued' AND m.reason = 'reply_unjudged'
   AND m.accepted_at IS NOT NULL
   AND NOT EXISTS (SELECT FROM orchestrator.unread_texts(m.user_id))
RETURNING m.id, m.user_id, m.status
