-- store_decisions.sql: store holds and ends of messages in delivery, each with its entry in the timeline. The later
-- parts of a sequence wait or end with the part that was decided on (R8).
WITH decisions AS (
    SELECT *
      FROM unnest(%(message_id)s::uuid[], %(status)s::text[], %(reason)s::text[], %(until)s::timestamptz[],
                  %(superseded_by)s::uuid[], %(note)s::text[])
        AS v (message_id, status, reason, until, superseded_by, note)
), targets AS (
    SELECT m.id, v.status, v.reason, v.until, v.superseded_by, v.note
      FROM decisions v
      JOIN message_queue m ON m.id = v.message_id AND m.status = 'approved'
     UNION ALL
    SELECT part.id, v.status, v.reason, v.until, v.superseded_by, v.note
      FROM decisions v
      JOIN message_queue m ON m.id = v.message_id AND m.status = 'approved'
      JOIN message_queue part ON part.sequence_id = m.sequence_id AND part.status = 'queued'
                             AND part.accepted_at IS NOT NULL
), changes AS (
    UPDATE message_queue m
       SET status = v.status, reason = v.reason, lease_until = NULL,
           -- Above the ceilings of replies it is an ordinary message (R12).
           is_reply = m.is_reply AND v.reason IS DISTINCT FROM 'reply_limit',
           priority = CASE v.reason WHEN 'reply_limit' THEN 'high' ELSE m.priority END,
           scheduled_for = coalesce(v.until, m.scheduled_for),
           superseded_by_message_id = v.superseded_by,
           superseded_reason = CASE v.status WHEN 'superseded' THEN orchestrator.superseded_words(
               CASE WHEN v.superseded_by IS NULL THEN v.reason
                    WHEN EXISTS (
                        SELECT FROM message_queue newer
                         WHERE newer.id = v.superseded_by AND newer.supersedes_message_id = m.id
                    ) THEN 'replaced'
                    ELSE 'newer_of_topic'
               END,
               m.id
           ) END
      FROM targets v
     WHERE m.id = v.id
    RETURNING m.id, v.status, v.reason, v.until, v.note
)
INSERT INTO orchestrator.timeline (message_id, at, status, reason, until, note)
SELECT id, %(now)s, status, reason, until, note FROM changes
