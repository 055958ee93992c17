-- apply_verdicts.sql: apply verdicts to the messages that wait: a stale one ends, and one that is to be reformulated
-- waits for its agent. A sequence follows the part that was judged (R8).
WITH verdicts AS (
    SELECT *
      FROM unnest(%(message_id)s::uuid[], %(verdict)s::text[]) AS v (message_id, verdict)
     WHERE v.verdict IN ('stale', 'reformulate')
), changes AS (
    UPDATE message_queue m
       SET status = CASE v.verdict WHEN 'stale' THEN 'superseded' ELSE 'queued' END,
           reason = CASE v.verdict WHEN 'stale' THEN 'stale' ELSE 'reformulation' END,
           superseded_reason = CASE v.verdict WHEN 'stale' THEN orchestrator.superseded_words('stale', m.id) END,
           scheduled_for = CASE v.verdict WHEN 'stale' THEN m.scheduled_for ELSE least(%(until)s, m.expires_at) END
      FROM verdicts v
      JOIN message_queue judged ON judged.id = v.message_id AND judged.status = 'queued'
     WHERE (m.id = judged.id OR m.sequence_id = judged.sequence_id)
       AND m.status = 'queued' AND m.accepted_at IS NOT NULL
    RETURNING m.id, m.status, m.reason, m.scheduled_for
)
INSERT INTO orchestrator.timeline (message_id, at, status, reason, until)
SELECT id, %(now)s, status, reason, CASE status WHEN 'queued' THEN scheduled_for END FROM changes
