-- count_unadopted_messages.sql: count the waiting messages that adoption leaves alone, by cause.
SELECT CASE WHEN created_at < %(oldest)s OR created_at IS NULL THEN 'too old'
            WHEN sequence_id IS NOT NULL THEN 'part of an incomplete sequence'
            WHEN scheduled_for >= %(expires_at)s THEN 'scheduled too far ahead'
            ELSE 'unknown priority' END AS why,
       count(*)
  FROM message_queue
 WHERE accepted_at IS NULL AND status = 'queued'
 GROUP BY 1
