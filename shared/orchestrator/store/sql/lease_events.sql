-- lease_events.sql: the oldest events that nobody tells the bus now, with whom they are about; they stay until it has them.
WITH oldest AS (
    SELECT id FROM orchestrator.events
     WHERE leased_until IS NULL OR leased_until <= %(now)s
     ORDER BY at, id
     LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE orchestrator.events e
   SET leased_until = %(lease_until)s
  FROM oldest
 WHERE e.id = oldest.id
RETURNING e.id, e.type, e.user_id, (SELECT external_id FROM users u WHERE u.id = e.user_id) AS external_id, e.message_id,
          e.detail, e.at
