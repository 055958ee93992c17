-- read_history_attempts.sql: return a message's calls to Twilio with their outcomes.
SELECT a.started_at, a.settled_at, a.outcome, a.twilio_message_sid, a.error_code, a.error,
       a.active_since IS NOT NULL, a.evidence, m.delivered_at, a.undelivered_at, a.undelivered_code, a.law_note
  FROM orchestrator.attempts a
  LEFT JOIN messages m ON m.id = a.id
 WHERE a.message_id = %(message_id)s
 ORDER BY a.started_at
