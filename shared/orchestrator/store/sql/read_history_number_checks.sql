-- read_history_number_checks.sql: return what Twilio answered about the number of a marketing message's person (R15), from
-- a month before the message was accepted on.
SELECT c.asked_at, c.verified_on, c.answer
  FROM message_queue m
  JOIN users u ON u.id = m.user_id
  JOIN orchestrator.number_checks c ON c.phone_number = orchestrator.e164(u.phone_number)
 WHERE m.id = %(message_id)s AND c.answer IS NOT NULL AND c.asked_at > m.accepted_at - %(asked_every)s::interval
   AND (m.sent_at IS NULL OR c.asked_at <= m.sent_at)
   AND EXISTS (SELECT FROM orchestrator.purpose_of(m.agent_id) p WHERE p.purpose = 'marketing')
 ORDER BY c.asked_at
