-- apply_status_reports.sql: apply status reports of Twilio: a text's status moves forward, never back, because reports
-- come in any order and repeat. What follows from a failure follows once, from the first report of it.
WITH reports AS (
    SELECT t.*, CASE t.reported WHEN 'undelivered' THEN 'failed' WHEN 'read' THEN 'delivered' ELSE t.reported END AS status
      FROM unnest(%(attempt_id)s::uuid[], %(status)s::text[], %(error_code)s::int[], %(error)s::text[],
                  %(opts_out)s::boolean[], %(is_dead)s::boolean[], %(is_unreachable)s::boolean[],
                  %(is_blocked)s::boolean[], %(holds_number_until)s::timestamptz[], %(again_at)s::timestamptz[],
                  %(pause)s::text[], %(pause_until)s::timestamptz[], %(country)s::text[])
        AS t (attempt_id, reported, error_code, error, opts_out, is_dead, is_unreachable, is_blocked, holds_number_until,
              again_at, pause, pause_until, country)
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
       AND a.outcome <> 'not_sent'  -- a repeated report of a text that was queued again
       AND f.place > coalesce(array_position('{sent,failed,delivered}'::text[], m.status::text), 0)
    RETURNING f.*, a.message_id, a.user_id, a.phone_number, a.started_at, a.undelivered_at, a.holds_slot, a.local_date
), messages_again AS (
    -- Certainly not sent: it may be sent again. A part of a sequence would come after the parts that followed it (R8).
    UPDATE message_queue m
       SET status = 'queued', reason = 'dropped_unsent', scheduled_for = least(changes.again_at, m.expires_at),
           sent_at = NULL, delivered_message_id = NULL
      FROM changes
     WHERE m.id = changes.message_id AND changes.status = 'failed' AND changes.again_at IS NOT NULL
       AND m.status = 'sent' AND m.sequence_id IS NULL
    RETURNING m.id, m.scheduled_for, changes.attempt_id, changes.user_id, changes.holds_slot, changes.local_date
), timeline_entries AS (
    INSERT INTO orchestrator.timeline (message_id, at, status, reason, until)
    SELECT id, %(now)s, 'queued', 'dropped_unsent', scheduled_for FROM messages_again
), budget_rows AS (
    UPDATE user_message_budget b
       SET messages_sent = greatest(b.messages_sent - free.slots, 0)
      FROM (
            SELECT user_id, local_date, count(*) AS slots FROM messages_again WHERE holds_slot GROUP BY 1, 2
           ) free
     WHERE b.user_id = free.user_id AND b.date = free.local_date
), undelivered_attempts AS (
    UPDATE orchestrator.attempts a
       SET undelivered_at = CASE changes.status WHEN 'failed' THEN %(now)s END,
           undelivered_code = CASE changes.status WHEN 'failed' THEN changes.error_code END,
           error = CASE changes.status WHEN 'failed' THEN changes.error END,
           outcome = CASE WHEN again.id IS NULL THEN a.outcome ELSE 'not_sent' END,
           holds_slot = a.holds_slot AND again.id IS NULL
      FROM changes
      LEFT JOIN messages_again again ON again.attempt_id = changes.attempt_id
     WHERE a.id = changes.attempt_id AND (changes.status = 'failed' OR changes.undelivered_at IS NOT NULL)
), opt_outs AS (
    INSERT INTO orchestrator.opt_outs (phone_number, user_id, source, opted_out_at)
    SELECT phone_number, user_id, 'twilio_21610', %(now)s
      FROM changes
     WHERE status = 'failed' AND opts_out
        ON CONFLICT (phone_number) WHERE ended_at IS NULL DO NOTHING
), new_pauses AS (
    -- Other texts would meet the same fault: each would be paid for and lost, or come back.
    INSERT INTO orchestrator.pauses AS p (scope, value, note, paused_at, ends_at)
    SELECT c.pause, CASE c.pause WHEN 'busy' THEN m.priority WHEN 'country' THEN c.country ELSE '' END,
           CASE c.pause WHEN 'busy' THEN 'Twilio or a carrier asked us to slow down: code '
                        ELSE 'Carriers refuse our account: code '
           END || max(c.error_code),
           %(now)s, max(c.pause_until)
      FROM changes c
      JOIN message_queue m ON m.id = c.message_id
     WHERE c.status = 'failed' AND c.pause IS NOT NULL
     GROUP BY 1, 2
        ON CONFLICT (scope, value) DO UPDATE
       SET note = excluded.note, ends_at = greatest(p.ends_at, excluded.ends_at),
           paused_at = CASE WHEN p.ends_at <= %(now)s THEN excluded.paused_at ELSE p.paused_at END
     WHERE p.probes IS NULL  -- an outage lasts until Twilio answers a probe
), numbers AS (
    -- One row for a number: the report of its latest text counts.
    INSERT INTO orchestrator.numbers AS n
           (phone_number, dead_code, blocked_code, unreachable_until, failures, changed_at)
    SELECT DISTINCT ON (phone_number) phone_number, CASE WHEN status = 'failed' AND is_dead THEN error_code END,
           CASE WHEN status = 'failed' AND is_blocked THEN error_code END,
           CASE WHEN status <> 'failed' THEN NULL
                WHEN is_unreachable THEN %(now)s + %(unreachable_for)s::interval
                WHEN is_blocked THEN %(now)s + %(blocked_for)s::interval
                ELSE holds_number_until
           END,
           (status = 'failed' AND is_unreachable)::int, %(now)s
      FROM changes
     WHERE (status = 'failed' AND (is_dead OR is_unreachable OR is_blocked OR holds_number_until IS NOT NULL))
        OR (status = 'delivered' AND EXISTS (
               SELECT FROM orchestrator.numbers known WHERE known.phone_number = changes.phone_number
           ))
     ORDER BY phone_number, started_at DESC
        ON CONFLICT (phone_number) DO UPDATE
       SET dead_code = CASE WHEN excluded.dead_code IS NOT NULL THEN excluded.dead_code
                            WHEN excluded.unreachable_until IS NULL THEN NULL  -- delivered
                            WHEN excluded.blocked_code = n.blocked_code THEN excluded.blocked_code
                            ELSE n.dead_code
                       END,
           blocked_code = excluded.blocked_code,
           failures = CASE WHEN excluded.failures > 0 THEN n.failures + 1 ELSE 0 END,
           -- Each failure in a row doubles the wait, up to a day.
           unreachable_until = CASE WHEN excluded.failures > 0
               THEN %(now)s + least(%(unreachable_for)s::interval * 2 ^ least(n.failures, 10), interval '1 day')
               ELSE excluded.unreachable_until
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
   AND NOT EXISTS (SELECT FROM messages_again again WHERE again.attempt_id = changes.attempt_id)
