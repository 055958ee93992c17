-- read_past_texts.sql: return what people wrote, one batch after a text: each person's texts in order, with what they
-- were taken for where they came to us. A text without a time is the oldest.
SELECT m.id, u.id, coalesce(orchestrator.e164(u.phone_number), u.phone_number), m.content,
       coalesce(m.created_at, 'epoch'), r.kind
  FROM messages m
  JOIN users u ON u.id = m.user_id AND u.phone_number NOT LIKE 'forgotten-%%'
  LEFT JOIN orchestrator.readings r ON r.inbound_id = m.id
 WHERE m.direction = 'inbound' AND m.role = 'user' AND u.id >= %(user_id)s
   AND (m.user_id, coalesce(m.created_at, 'epoch'), m.id) > (%(user_id)s, %(written_at)s::timestamptz, %(inbound_id)s)
 ORDER BY m.user_id, coalesce(m.created_at, 'epoch'), m.id
 LIMIT %(limit)s
