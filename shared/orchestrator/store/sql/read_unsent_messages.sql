-- read_unsent_messages.sql: return the messages to these numbers that have not ended, or ended with an unknown outcome,
-- with their open attempt.
SELECT m.id, orchestrator.e164(u.phone_number) AS phone_number, m.final_message, m.message_data, m.accepted_at,
       m.scheduled_for AS due, open.id
  FROM users u
  JOIN message_queue m ON m.user_id = u.id
  LEFT JOIN LATERAL (
        SELECT a.id FROM orchestrator.attempts a
         WHERE a.message_id = m.id AND (a.outcome IS NULL OR a.outcome = 'unknown')
         ORDER BY a.started_at DESC
         LIMIT 1
       ) open ON true
 WHERE orchestrator.e164(u.phone_number) = ANY (%(numbers)s::text[]) AND m.accepted_at IS NOT NULL
   AND (m.status IN ('queued', 'approved', 'sending') OR m.reason = 'unknown_outcome')
