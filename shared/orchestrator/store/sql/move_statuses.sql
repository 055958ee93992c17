-- move_statuses.sql: what Twilio says of a text moves its status forward, never back; callbacks come in any order.
WITH told AS (
    SELECT t.attempt_id, t.status, t.error_code,
           array_position('{sent,failed,undelivered,delivered,read}'::text[], t.status) AS place
      FROM unnest(%(attempt_id)s::uuid[], %(status)s::text[], %(error_code)s::int[])
        AS t (attempt_id, status, error_code)
), furthest AS (
    SELECT DISTINCT ON (attempt_id) * FROM told WHERE place IS NOT NULL ORDER BY attempt_id, place DESC
), moved AS (
    UPDATE messages m
       SET status = f.status,
           delivered_at = CASE WHEN f.status IN ('delivered', 'read') THEN coalesce(m.delivered_at, %(now)s)
                          END
      FROM furthest f
     WHERE m.id = f.attempt_id AND m.direction = 'outbound'
       AND f.place > coalesce(array_position('{sent,failed,undelivered,delivered,read}'::text[], m.status::text), 0)
    RETURNING m.id, f.status, f.error_code
)
UPDATE orchestrator.attempts a
   SET undelivered_at = CASE WHEN moved.status IN ('failed', 'undelivered') THEN %(now)s END,
       undelivered_code = CASE WHEN moved.status IN ('failed', 'undelivered') THEN moved.error_code END
  FROM moved
 WHERE a.id = moved.id AND (moved.status IN ('failed', 'undelivered') OR a.undelivered_at IS NOT NULL)
