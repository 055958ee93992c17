-- claim_due.sql: take one lane's due messages under a lease, oldest due first; two dispatchers never take the same one.
WITH due AS (
    SELECT id FROM message_queue
     WHERE status = 'queued' AND accepted_at IS NOT NULL AND priority = %(lane)s AND scheduled_for <= %(horizon)s
       AND NOT EXISTS (SELECT FROM orchestrator.pauses p WHERE p.scope = 'everything')
     ORDER BY scheduled_for, created_at
     LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE message_queue m
   SET status = 'approved', lease_until = %(lease_until)s
  FROM due
 WHERE m.id = due.id
RETURNING m.id AS message_id, m.scheduled_for AS due
