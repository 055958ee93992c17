-- refuse_message.sql: end a message whose words an operator does not approve, with its whole sequence (R8). Returns what
-- ended.
WITH refused AS (
    UPDATE message_queue m
       SET status = 'cancelled', reason = 'not_approved'
      FROM message_queue named
     WHERE named.id = %(message_id)s AND named.reason = 'approval' AND named.status = 'queued'
       AND (m.id = named.id OR (m.sequence_id = named.sequence_id AND m.status = 'queued'))
       AND m.accepted_at IS NOT NULL
    RETURNING m.id
), entries AS (
    INSERT INTO orchestrator.timeline (message_id, at, status, reason)
    SELECT id, %(now)s, 'cancelled', 'not_approved' FROM refused
)
SELECT id FROM refused
