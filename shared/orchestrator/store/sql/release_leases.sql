-- release_leases.sql: what a dead worker held. An approved message becomes due again. A sending one may have been sent:
-- no evidence came in time, and it ends visibly, because sending it again could be the second time (G2); unless the
-- owner chose that.
WITH dead AS (
    SELECT id, status, status = 'approved' OR coalesce(tries, 0) + 1 < %(sends)s AS goes_on
      FROM message_queue
     WHERE lease_until < %(now)s AND status IN ('approved', 'sending') AND accepted_at IS NOT NULL
     ORDER BY id
     LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
), released AS (
    UPDATE message_queue m
       SET status = CASE WHEN dead.goes_on THEN 'queued' ELSE 'failed' END,
           reason = CASE dead.status WHEN 'approved' THEN 'lease_expired' ELSE 'unknown_outcome' END,
           tries = CASE dead.status WHEN 'approved' THEN m.tries ELSE coalesce(m.tries, 0) + 1 END,
           lease_until = NULL
      FROM dead
     WHERE m.id = dead.id
    RETURNING m.id, m.status, m.reason
), unknown AS (
    UPDATE orchestrator.attempts a
       SET outcome = 'unknown', settled_at = coalesce(a.settled_at, %(now)s)
      FROM released r
     WHERE a.message_id = r.id AND r.reason = 'unknown_outcome' AND a.outcome IS NULL
), told AS (
    INSERT INTO orchestrator.timeline (message_id, at, status, reason)
    SELECT id, %(now)s, status, reason FROM released
)
SELECT count(*) FILTER (WHERE reason = 'lease_expired') AS due_again,
       count(*) FILTER (WHERE reason = 'unknown_outcome') AS unknown
  FROM released
