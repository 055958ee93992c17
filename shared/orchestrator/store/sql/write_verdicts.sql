-- write_verdicts.sql: holds and ends of messages in delivery, each with its line in the timeline.
WITH verdicts AS (
    SELECT *
      FROM unnest(%(message_id)s::uuid[], %(status)s::text[], %(reason)s::text[], %(until)s::timestamptz[])
        AS v (message_id, status, reason, until)
), written AS (
    UPDATE message_queue m
       SET status = v.status, reason = v.reason, lease_until = NULL,
           scheduled_for = coalesce(v.until, m.scheduled_for)
      FROM verdicts v
     WHERE m.id = v.message_id AND m.status = 'approved'
    RETURNING m.id, v.status, v.reason, v.until
)
INSERT INTO orchestrator.timeline (message_id, at, status, reason, until)
SELECT id, %(now)s, status, reason, until FROM written
