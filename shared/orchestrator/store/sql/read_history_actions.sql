-- read_history_actions.sql: return what operators did to a message: its release, approval, refusal and withdrawal, and
-- pauses that stopped it while it waited, with their ends; what had no effect is left out. A withdrawal of many messages
-- is recorded once, at the time of their entries in the timeline; a release names one part of a sequence.
WITH message AS (
    SELECT m.id, m.user_id, m.sequence_id, m.accepted_at,
           CASE WHEN m.status IN ('queued', 'approved', 'sending') THEN 'infinity'
                ELSE coalesce(
                         m.sent_at,
                         (SELECT max(t.at) FROM orchestrator.timeline t
                           WHERE t.message_id = m.id AND t.status <> 'queued'),
                         'infinity'
                     )
           END AS ended_at,
           ARRAY(SELECT part.id::text FROM message_queue part
                  WHERE part.sequence_id = m.sequence_id AND part.accepted_at IS NOT NULL) AS parts
      FROM message_queue m
     WHERE m.id = %(message_id)s AND m.accepted_at IS NOT NULL
)
SELECT a.at, a.operator, a.action, a.target, a.change, a.reason
  FROM message m
  JOIN orchestrator.operator_actions a
    ON (a.action IN ('release', 'approve', 'refuse') AND (a.target = m.id::text OR a.target = ANY (m.parts)))
    OR (a.action = 'withdraw'
        AND EXISTS (
            SELECT FROM orchestrator.timeline t
             WHERE t.message_id = m.id AND t.at = a.at AND t.status = 'cancelled' AND t.reason = 'withdrawn'
        ))
    OR (a.action IN ('pause', 'resume') AND a.at <= m.ended_at AND a.change->>'effect' IS DISTINCT FROM 'none'
        AND (a.target = ANY (%(pause_targets)s::text[]) OR (a.target = '' AND a.user_id = m.user_id))
        AND (a.at >= m.accepted_at
             -- A pause that was there before the message.
             OR (a.action = 'pause'
                 AND NOT EXISTS (
                     SELECT FROM orchestrator.operator_actions later
                      WHERE later.action IN ('pause', 'resume') AND later.target = a.target
                       AND later.change->>'effect' IS DISTINCT FROM 'none'
                        AND later.user_id IS NOT DISTINCT FROM a.user_id
                        AND later.at > a.at AND later.at < m.accepted_at
                 ))))
 ORDER BY a.at, a.id
