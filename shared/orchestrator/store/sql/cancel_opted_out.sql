-- cancel_opted_out.sql: STOP ends everything that waits (R11), also where a START has followed it.
WITH waiting AS (
    SELECT m.id
      FROM unnest(%(phone_number)s::text[], %(at)s::timestamptz[]) AS said (phone_number, at)
      JOIN users u ON u.phone_number = said.phone_number
      JOIN message_queue m ON m.user_id = u.id
     WHERE m.status IN ('queued', 'approved') AND m.accepted_at IS NOT NULL
       AND (m.accepted_at <= said.at
            OR EXISTS (SELECT FROM orchestrator.opt_outs_of(u.id, u.phone_number)))
     ORDER BY m.id
       FOR NO KEY UPDATE OF m
), cancelled AS (
    UPDATE message_queue m
       SET status = 'cancelled', reason = 'opted_out', lease_until = NULL
      FROM waiting
     WHERE m.id = waiting.id
    RETURNING m.id
), told AS (
    INSERT INTO orchestrator.timeline (message_id, at, status, reason)
    SELECT id, %(now)s, 'cancelled', 'opted_out' FROM cancelled
)
SELECT count(*) AS cancelled FROM cancelled
