-- lease_events.sql: lease the oldest events of a target that no other worker holds, with their person's external id, and
-- with the words where the target receives them. They stay in the outbox until the target has accepted them. First tries
-- alone: none while several events of the target have failed, because it may be away.
WITH oldest AS (
    SELECT id FROM orchestrator.events
     WHERE target = %(target)s AND (leased_until IS NULL OR leased_until <= %(now)s)
       AND (NOT %(first_tries)s
            OR (failures = 0
                AND (SELECT count(*)
                       FROM (
                             SELECT FROM orchestrator.events failed
                              WHERE failed.target = %(target)s AND failed.failures > 0
                              LIMIT %(most_failed)s
                            ) failures_of_target) < %(most_failed)s))
     ORDER BY at, id
     LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE orchestrator.events e
   SET leased_until = %(lease_until)s
  FROM oldest
 WHERE e.id = oldest.id
RETURNING e.id, e.type, e.user_id, (SELECT external_id FROM users u WHERE u.id = e.user_id) AS external_id,
          e.message_id, e.detail, e.at, e.failures,
          CASE WHEN %(with_words)s THEN (SELECT content FROM messages m WHERE m.id = e.message_id) END AS words
