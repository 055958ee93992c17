-- expire_messages.sql: end what waited past its expiry, also while everything is paused (R9, R13). A hold never
-- reaches past the expiry, so whatever has expired is due, and the index of due messages finds it.
WITH late AS (
    SELECT id FROM message_queue
     WHERE status = 'queued' AND accepted_at IS NOT NULL AND scheduled_for <= %(now)s AND expires_at <= %(now)s
       AND priority = ANY (%(lanes)s::text[])
     ORDER BY id
     LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
), expired AS (
    UPDATE message_queue m SET status = 'expired', reason = 'expired' FROM late WHERE m.id = late.id RETURNING m.id
), told AS (
    INSERT INTO orchestrator.timeline (message_id, at, status, reason) SELECT id, %(now)s, 'expired', 'expired' FROM expired
)
SELECT count(*) AS expired FROM expired
