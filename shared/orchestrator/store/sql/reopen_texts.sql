-- reopen_texts.sql: make texts unread again that came after a START and were taken in before it, while the person was
-- opted out: they are unread, and may be a wish to stop (R11).
UPDATE orchestrator.readings r
   SET kind = 'unjudged'
  FROM unnest(%(phone_number)s::text[], %(at)s::timestamptz[]) AS starts (phone_number, at)
  JOIN users u ON orchestrator.e164(u.phone_number) = starts.phone_number
  JOIN messages m ON m.user_id = u.id AND m.direction = 'inbound' AND m.role = 'user'
 WHERE (m.created_at > starts.at OR (m.created_at IS NULL AND r.received_at > starts.at))
   AND r.inbound_id = m.id AND r.kind = 'conversation' AND r.judged_by = 'nobody'
