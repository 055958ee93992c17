-- put_events_back.sql: record that targets did not take events, why, and when each is tried again.
UPDATE orchestrator.events e
   SET failures = e.failures + 1, error = f.error, leased_until = f.again_at
  FROM unnest(%(event_id)s::uuid[], %(error)s::text[], %(again_at)s::timestamptz[]) AS f (event_id, error, again_at)
 WHERE e.id = f.event_id
