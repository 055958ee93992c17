-- fail_incomplete_sequences.sql: end sequences that still lack a part 15 minutes after their first part came (R8).
WITH targets AS (
    SELECT id FROM message_queue
     WHERE status = 'queued' AND accepted_at IS NOT NULL AND scheduled_for <= %(now)s AND reason = 'sequence_incomplete'
       AND priority = ANY (%(lanes)s::text[])
     ORDER BY id
     LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
), ends AS (
    UPDATE message_queue m SET status = 'failed' FROM targets WHERE m.id = targets.id RETURNING m.id
), timeline_entries AS (
    INSERT INTO orchestrator.timeline (message_id, at, status, reason)
    SELECT id, %(now)s, 'failed', 'sequence_incomplete' FROM ends
)
SELECT count(*) AS incomplete FROM ends
