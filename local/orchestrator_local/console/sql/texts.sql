-- texts.sql: the newest texts of each of these people, in both directions.
SELECT m.user_id, m.direction, m.content, m.status, m.twilio_message_sid AS sid, coalesce(m.sent_at, m.created_at) AS at
  FROM unnest(%(user_ids)s::uuid[]) AS person (id)
 CROSS JOIN LATERAL (
        SELECT t.* FROM messages t
         WHERE t.user_id = person.id AND (t.direction = 'inbound' OR t.sent_at IS NOT NULL)
         ORDER BY t.created_at DESC
         LIMIT %(most)s
       ) m
