-- release_leases.sql: release the messages whose worker's lease ran out. An approved one becomes due again. A sending
-- one may have been sent, and no evidence came in time: it ends as failed, because sending it again could be the second
-- time (G2), unless the owner allows more sends.
WITH expired_leases AS (
    SELECT id, status,
           status = 'approved' OR (
               SELECT count(*) FROM orchestrator.attempts a
                WHERE a.message_id = message_queue.id AND (a.outcome IS NULL OR a.outcome = 'unknown')
           ) < %(sends)s AS is_repeatable
      FROM message_queue
     WHERE lease_until < %(now)s AND status IN ('approved', 'sending') AND accepted_at IS NOT NULL
     ORDER BY id
     LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
), releases AS (
    UPDATE message_queue m
       SET status = CASE WHEN l.is_repeatable THEN 'queued' ELSE 'failed' END,
           reason = CASE l.status WHEN 'approved' THEN 'lease_expired' ELSE 'unknown_outcome' END,
           lease_until = NULL
      FROM expired_leases l
     WHERE m.id = l.id
    RETURNING m.id, m.status, m.reason
), unknown_outcomes AS (
    UPDATE orchestrator.attempts a
       SET outcome = 'unknown', settled_at = %(now)s
      FROM releases r
     WHERE a.message_id = r.id AND r.reason = 'unknown_outcome' AND a.outcome IS NULL
), timeline_entries AS (
    INSERT INTO orchestrator.timeline (message_id, at, status, reason)
    SELECT id, %(now)s, status, reason FROM releases
)
SELECT count(*) FILTER (WHERE reason = 'lease_expired') AS due_again,
       count(*) FILTER (WHERE reason = 'unknown_outcome') AS unknown
  FROM releases
