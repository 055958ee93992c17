-- expire_messages.sql: end the messages that waited past their expiry, also while everything is paused (R9, R13). A
-- hold never reaches past the expiry, so an expired message is due, and the index of due messages finds it.
WITH targets AS (
    SELECT id FROM message_queue
     WHERE status = 'queued' AND accepted_at IS NOT NULL AND scheduled_for <= %(now)s AND expires_at <= %(now)s
       AND priority = ANY (%(lanes)s::text[])
     ORDER BY id
     LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
), ends AS (
    UPDATE message_queue m
       SET status = 'expired', reason = 'expired'
      FROM targets
     WHERE m.id = targets.id
    RETURNING m.id
), timeline_entries AS (
    INSERT INTO orchestrator.timeline (message_id, at, status, reason)
    SELECT id, %(now)s, 'expired', 'expired' FROM ends
)
SELECT count(*) AS expired FROM ends
