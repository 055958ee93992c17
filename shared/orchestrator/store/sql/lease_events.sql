-- lease_events.sql: lease the oldest events that no other worker holds, with their person's external id. They stay in
-- the outbox until the event bus has accepted them.
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
RETURNING e.id, e.type, e.user_id, (SELECT external_id FROM users u WHERE u.id = e.user_id) AS external_id,
          e.message_id, e.detail, e.at
