-- read_open_attempts.sql: return attempts whose outcome is open: no usable answer came, or the worker is gone. Twilio's
-- list lags a little, and a worker may still wait for its answer, so younger attempts are left out. So are those of a
-- deleted person, which have neither number nor words to look for.
SELECT a.id AS attempt_id, a.phone_number, m.final_message AS words, a.started_at
  FROM message_queue m
  JOIN orchestrator.attempts a ON a.message_id = m.id AND (a.outcome IS NULL OR a.outcome = 'unknown')
 WHERE m.status = 'sending' AND m.accepted_at IS NOT NULL AND m.lease_until > %(now)s
   AND a.started_at < %(started_before)s AND m.final_message IS NOT NULL
 ORDER BY a.started_at
 LIMIT %(limit)s
