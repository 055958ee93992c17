-- apply_status_reports.sql: apply status reports of Twilio: a text's status moves forward, never back, because reports
-- come in any order and repeat. What follows from a failure follows once, from the first report of it.
WITH reports AS (
    SELECT t.attempt_id, t.error_code, t.opts_out, t.is_dead, t.is_unreachable, t.is_configuration,
           CASE t.status WHEN 'undelivered' THEN 'failed' WHEN 'read' THEN 'delivered' ELSE t.status END AS status
      FROM unnest(%(attempt_id)s::uuid[], %(status)s::text[], %(error_code)s::int[], %(opts_out)s::boolean[],
                  %(is_dead)s::boolean[], %(is_unreachable)s::boolean[], %(is_configuration)s::boolean[])
        AS t (attempt_id, status, error_code, opts_out, is_dead, is_unreachable, is_configuration)
), latest_reports AS (
    SELECT DISTINCT ON (attempt_id) *, array_position('{sent,failed,delivered}'::text[], status) AS place
      FROM reports
     WHERE array_position('{sent,failed,delivered}'::text[], status) IS NOT NULL
     ORDER BY attempt_id, array_position('{sent,failed,delivered}'::text[], status) DESC, error_code NULLS LAST
), changes AS (
    UPDATE messages m
       SET status = f.status,
           delivered_at = CASE WHEN f.status = 'delivered' THEN coalesce(m.delivered_at, %(now)s) END
      FROM latest_reports f
      JOIN orchestrator.attempts a ON a.id = f.attempt_id
     -- A row that an agent wrote itself has the id of its message, any other row has the id of the attempt (R12).
     WHERE m.id IN (a.id, a.message_id) AND m.direction = 'outbound'
       AND f.place > coalesce(array_position('{sent,failed,delivered}'::text[], m.status::text), 0)
    RETURNING f.*, a.message_id, a.user_id, a.phone_number, a.started_at, a.undelivered_at
), undelivered_attempts AS (
    UPDATE orchestrator.attempts a
       SET undelivered_at = CASE changes.status WHEN 'failed' THEN %(now)s END,
           undelivered_code = CASE changes.status WHEN 'failed' THEN changes.error_code END
      FROM changes
     WHERE a.id = changes.attempt_id AND (changes.status = 'failed' OR changes.undelivered_at IS NOT NULL)
), opt_outs AS (
    INSERT INTO orchestrator.opt_outs (phone_number, user_id, source, opted_out_at)
    SELECT DISTINCT ON (phone_number) phone_number, user_id, 'twilio_21610', %(now)s
      FROM changes
     WHERE status = 'failed' AND opts_out
        ON CONFLICT (phone_number) WHERE ended_at IS NULL DO NOTHING
), provider_pause AS (
    -- Carriers refuse our account's texts: each further text would be paid for and lost.
    INSERT INTO orchestrator.pauses AS p (scope, value, note, paused_at, ends_at)
    SELECT 'provider', '', 'Carriers refuse our account: code ' || max(error_code), %(now)s,
           %(refused_until)s::timestamptz
      FROM changes
     WHERE status = 'failed' AND is_configuration
    HAVING count(*) > 0
        ON CONFLICT (scope, value) DO UPDATE
       SET note = excluded.note, ends_at = greatest(p.ends_at, excluded.ends_at)
), numbers AS (
    -- One row for a number: the report of its latest text counts.
    INSERT INTO orchestrator.numbers AS n (phone_number, dead_code, unreachable_until, failures, changed_at)
    SELECT DISTINCT ON (phone_number) phone_number, CASE WHEN status = 'failed' AND is_dead THEN error_code END,
           CASE WHEN status = 'failed' AND is_unreachable THEN %(now)s + %(unreachable_for)s::interval END,
           (status = 'failed' AND is_unreachable)::int, %(now)s
      FROM changes
     WHERE (status = 'failed' AND (is_dead OR is_unreachable))
        OR (status = 'delivered' AND EXISTS (
               SELECT FROM orchestrator.numbers known WHERE known.phone_number = changes.phone_number
           ))
     ORDER BY phone_number, started_at DESC
        ON CONFLICT (phone_number) DO UPDATE
       SET dead_code = CASE WHEN excluded.failures > 0 THEN n.dead_code ELSE excluded.dead_code END,
           failures = CASE WHEN excluded.failures > 0 THEN n.failures + 1 ELSE 0 END,
           -- Each failure in a row doubles the wait, up to a day.
           unreachable_until = CASE WHEN excluded.failures > 0
               THEN %(now)s + least(%(unreachable_for)s::interval * 2 ^ least(n.failures, 10), interval '1 day')
           END,
           changed_at = excluded.changed_at
)
INSERT INTO orchestrator.events (type, user_id, message_id, detail, at)
SELECT 'message.' || status, user_id, message_id,
       CASE status WHEN 'failed' THEN jsonb_build_object('reason', 'undelivered', 'error_code', error_code)
                   ELSE '{}' END,
       %(now)s
  FROM changes
 WHERE status IN ('delivered', 'failed') AND EXISTS (SELECT FROM orchestrator.event_bus)
