-- fail_reply_rows.sql: mark the reply rows of agents whose text will not be sent as failed.
UPDATE messages r
   SET status = 'failed'
  FROM message_queue m
 WHERE r.direction = 'outbound' AND r.status = 'queued'
   AND m.id = r.id AND m.is_reply AND m.status IN ('failed', 'cancelled', 'expired', 'superseded')
