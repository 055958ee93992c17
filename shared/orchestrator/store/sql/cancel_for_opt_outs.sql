-- cancel_for_opt_outs.sql: cancel the waiting messages of the people whose numbers sent STOP (R11). A START that
-- followed saves only what was accepted after the STOP.
WITH targets AS (
    SELECT m.id
      FROM unnest(%(phone_number)s::text[], %(at)s::timestamptz[]) AS stops (phone_number, at)
      JOIN users u ON orchestrator.e164(u.phone_number) = stops.phone_number
      JOIN message_queue m ON m.user_id = u.id
     WHERE m.status IN ('queued', 'approved') AND m.accepted_at IS NOT NULL
       AND (m.accepted_at <= stops.at
            OR EXISTS (SELECT FROM orchestrator.opt_outs_of(u.id, stops.phone_number)))
     ORDER BY m.id
       FOR NO KEY UPDATE OF m
), cancellations AS (
    UPDATE message_queue m
       SET status = 'cancelled', reason = 'opted_out', lease_until = NULL
      FROM targets
     WHERE m.id = targets.id
    RETURNING m.id
), timeline_entries AS (
    INSERT INTO orchestrator.timeline (message_id, at, status, reason)
    SELECT id, %(now)s, 'cancelled', 'opted_out' FROM cancellations
)
SELECT count(*) AS cancelled FROM cancellations
