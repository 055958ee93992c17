-- find_message.sql: return the message that a text belongs to, by the id of its row or its attempt, or by Twilio's id.
SELECT coalesce(a.message_id, q.id) AS message_id
  FROM (
        SELECT %(id)s::uuid AS id
         UNION
        SELECT m.id FROM messages m WHERE m.twilio_message_sid = %(sid)s::text AND m.direction = 'outbound'
       ) text
  LEFT JOIN orchestrator.attempts a ON a.id = text.id
  LEFT JOIN message_queue q ON q.id = text.id
 WHERE coalesce(a.message_id, q.id) IS NOT NULL
