-- texts.sql: the newest texts of each of these people, in both directions, with the messages of those that we sent.
SELECT m.user_id, m.direction, m.content, m.status, m.twilio_message_sid AS sid, coalesce(m.sent_at, m.created_at) AS at,
       coalesce(a.message_id, q.id) AS message_id
  FROM unnest(%(user_ids)s::uuid[]) AS person (id)
 CROSS JOIN LATERAL (
        SELECT t.* FROM messages t
         WHERE t.user_id = person.id AND (t.direction = 'inbound' OR t.sent_at IS NOT NULL)
         ORDER BY t.created_at DESC
         LIMIT %(most)s
       ) m
  -- A text that we sent has the id of its attempt, or that of the row that an agent wrote itself (R12).
  LEFT JOIN orchestrator.attempts a ON a.id = m.id
  LEFT JOIN message_queue q ON q.id = m.id
