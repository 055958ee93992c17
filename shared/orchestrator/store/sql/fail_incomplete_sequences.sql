-- fail_incomplete_sequences.sql: 15 minutes after its first part came, a sequence with parts missing ends (R8).
WITH late AS (
    SELECT id FROM message_queue
     WHERE status = 'queued' AND accepted_at IS NOT NULL AND scheduled_for <= %(now)s AND reason = 'sequence_incomplete'
       AND priority = ANY (%(lanes)s::text[])
     ORDER BY id
     LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
), failed AS (
    UPDATE message_queue m SET status = 'failed' FROM late WHERE m.id = late.id RETURNING m.id
), told AS (
    INSERT INTO orchestrator.timeline (message_id, at, status, reason)
    SELECT id, %(now)s, 'failed', 'sequence_incomplete' FROM failed
)
SELECT count(*) AS incomplete FROM failed
