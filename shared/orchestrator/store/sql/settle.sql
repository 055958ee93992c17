-- settle.sql: write the outcomes of attempts, as an answer or later evidence proves them: the attempt, its message, the
-- text in `messages`, the slot and the price that an unsent text gives back, the opt-out that Twilio reports, and the
-- timeline.
WITH results AS (
    SELECT *
      FROM unnest(
               %(attempt_id)s::uuid[], %(outcome)s::text[], %(evidence)s::text[], %(sid)s::text[],
               %(error_code)s::int[], %(error)s::text[], %(status)s::text[], %(reason)s::text[],
               %(until)s::timestamptz[], %(tries)s::int[], %(opts_out)s::boolean[], %(pause)s::text[],
               %(country)s::text[]
           ) AS r (attempt_id, outcome, evidence, sid, error_code, error, status, reason, until, tries, opts_out, pause,
                   country)
), attempts AS (
    UPDATE orchestrator.attempts a
       SET outcome = r.outcome, evidence = r.evidence, settled_at = %(now)s, twilio_message_sid = r.sid,
           error_code = r.error_code, error = r.error,
           holds_slot = a.holds_slot AND r.outcome IN ('accepted', 'unknown')
      FROM results r
     -- Evidence that comes after the lease ran out replaces `unknown`, and nothing else.
     WHERE a.id = r.attempt_id AND (a.outcome IS NULL OR (a.outcome = 'unknown' AND r.outcome <> 'unknown'))
    -- With its result: Postgres joins two of these tables by comparing each row with each, 2,500 pairs for fifty texts.
    RETURNING a.id, a.message_id, a.user_id, a.conversation_id, a.phone_number, r.*
), free_slots AS (
    SELECT a.user_id, a.local_date, count(*) AS slots
      FROM attempts settled
      JOIN orchestrator.attempts a ON a.id = settled.id  -- as it was before this statement
     WHERE a.holds_slot AND settled.outcome IN ('refused', 'not_sent')
     GROUP BY a.user_id, a.local_date
), budget_rows AS (
    UPDATE user_message_budget b
       SET messages_sent = greatest(b.messages_sent - free_slots.slots, 0)
      FROM free_slots
     WHERE b.user_id = free_slots.user_id AND b.date = free_slots.local_date
), day_spending AS (
    -- The row of this connection, so that no settlement waits for a reservation; the sum of the day falls.
    INSERT INTO orchestrator.spending_shards AS s (day, shard, texts, segments, twilio_usd)
    SELECT (a.started_at AT TIME ZONE 'UTC')::date, pg_backend_pid(), -count(*), -sum(a.segments), -sum(a.price_usd)
      FROM attempts settled
      JOIN orchestrator.attempts a ON a.id = settled.id
     WHERE settled.outcome IN ('refused', 'not_sent') AND a.price_usd IS NOT NULL
     GROUP BY 1
        ON CONFLICT (day, shard) DO UPDATE
       SET texts = s.texts + excluded.texts, segments = s.segments + excluded.segments,
           twilio_usd = s.twilio_usd + excluded.twilio_usd
), opt_outs AS (
    INSERT INTO orchestrator.opt_outs (phone_number, user_id, source, opted_out_at)
    SELECT phone_number, user_id, 'twilio_21610', %(now)s
      FROM attempts
     WHERE opts_out
        ON CONFLICT (phone_number) WHERE ended_at IS NULL DO NOTHING
), dead_numbers AS (
    -- Twilio's answer says that no text can reach the number: no other call is made for it.
    INSERT INTO orchestrator.numbers AS n (phone_number, dead_code, changed_at)
    SELECT phone_number, max(error_code), %(now)s
      FROM attempts
     WHERE reason = 'bad_number'
     GROUP BY phone_number
        ON CONFLICT (phone_number) DO UPDATE SET dead_code = excluded.dead_code, changed_at = excluded.changed_at
), failed_calls AS (
    -- Twilio did not answer these calls.
    SELECT count(*) AS calls,
           bool_or(EXISTS (SELECT FROM orchestrator.pauses p WHERE p.probe_id = a.message_id)) AS have_probe
      FROM attempts a
     WHERE outcome IN ('unknown', 'not_sent') AND evidence IS DISTINCT FROM 'no_call'
), outage AS (
    SELECT have_probe
      FROM failed_calls
     WHERE NOT EXISTS (SELECT FROM results WHERE pause = 'provider')
       AND (have_probe OR calls >= %(outage_after)s
            -- Waves of one or two texts: together with the other calls that Twilio did not answer lately.
            OR (calls > 0 AND NOT EXISTS (SELECT FROM results WHERE outcome IN ('accepted', 'refused'))
                AND calls + (
                    SELECT count(*) FROM message_queue m
                     WHERE m.status IN ('approved', 'sending') AND m.accepted_at IS NOT NULL  -- the leases' index
                       AND m.reason = 'unknown_outcome'
                       AND m.lease_until > %(lately_leased_until)s
                ) >= %(outage_after)s))
), outage_end AS (
    -- Twilio answered the probe.
    DELETE FROM orchestrator.pauses p
     USING attempts a
     WHERE p.probe_id = a.message_id AND a.outcome IN ('accepted', 'refused')
       AND a.pause IS DISTINCT FROM 'provider'
), new_pauses AS (
    -- Other texts would meet the same fault: no other call is made for them until these are due again. An outage lasts
    -- until Twilio answers a probe; each probe that fails makes the wait for the next one longer.
    INSERT INTO orchestrator.pauses AS p (scope, value, note, paused_at, ends_at, probes, probe_at)
    SELECT a.pause, CASE a.pause WHEN 'busy' THEN m.priority WHEN 'country' THEN a.country ELSE '' END,
           CASE a.pause WHEN 'provider' THEN 'Twilio refuses our account: '
                        WHEN 'country' THEN 'Twilio refuses our texts to this country: '
                        ELSE 'Twilio asked us to slow down: '
           END || max(a.error),
           %(now)s, max(a.until), NULL, NULL
      FROM attempts a
      JOIN message_queue m ON m.id = a.message_id
     WHERE a.pause IS NOT NULL
     GROUP BY 1, 2
     UNION ALL
    SELECT 'provider', '', 'Twilio does not answer: one text at a time probes it', %(now)s, NULL, have_probe::int,
           %(now)s + %(first_probe_after)s::interval
      FROM outage
        ON CONFLICT (scope, value) DO UPDATE
       SET note = excluded.note,
           paused_at = CASE WHEN p.ends_at <= %(now)s THEN excluded.paused_at ELSE p.paused_at END,
           ends_at = CASE WHEN excluded.probes IS NULL THEN greatest(p.ends_at, excluded.ends_at) END,
           probes = coalesce(p.probes, 0) + excluded.probes,
           probe_at = CASE WHEN excluded.probes = 0 THEN coalesce(p.probe_at, excluded.probe_at)
                           WHEN excluded.probes = 1
                           THEN %(now)s + least(%(first_probe_after)s::interval * 3 ^ least(p.probes + 1, 10),
                                                %(longest_probe_wait)s::interval)
                      END,
           probe_id = CASE WHEN excluded.probes = 0 THEN p.probe_id END
), queue_rows AS (
    UPDATE message_queue m
       SET status = a.status, reason = a.reason, tries = coalesce(a.tries, m.tries),
           lease_until = CASE WHEN a.status = 'sending' THEN m.lease_until END,
           scheduled_for = coalesce(a.until, m.scheduled_for),
           sent_at = CASE WHEN a.status = 'sent' THEN %(now)s END,
           delivered_message_id = CASE WHEN a.status = 'sent'
                                       THEN CASE m.words_source WHEN 'row' THEN m.id ELSE a.id END END
      FROM attempts a
     WHERE m.id = a.message_id
       AND (m.status = 'sending' OR (m.reason = 'unknown_outcome' AND a.outcome <> 'unknown'))
    RETURNING m.id, m.user_id AS person, m.agent_id, m.delivered_message_id, m.final_message,
              CASE WHEN split_part(m.agent_id, '_', 1) = ANY (%(roles)s::text[]) THEN split_part(m.agent_id, '_', 1)
                   ELSE (%(roles)s::text[])[1]
              END AS role,
              a.conversation_id, a.user_id, a.sid, a.status, a.reason, a.until
), timeline_entries AS (
    INSERT INTO orchestrator.timeline (message_id, at, status, reason, until)
    SELECT id, %(now)s, status, reason, until FROM queue_rows WHERE reason IS NOT NULL
), conversation_times AS (
    UPDATE conversations c
       SET last_message_at = %(now)s, updated_at = %(now)s
      FROM attempts a
     WHERE c.id = a.conversation_id AND a.status = 'sent'
), events AS (
    INSERT INTO orchestrator.events (type, user_id, message_id, detail, at)
    SELECT 'message.sent', e.person, e.id, jsonb_build_object('agent_id', e.agent_id, 'purpose', p.purpose), %(now)s
      FROM queue_rows e
     CROSS JOIN LATERAL orchestrator.purpose_of(e.agent_id) p
     WHERE e.status = 'sent' AND EXISTS (SELECT FROM orchestrator.event_bus)
)
INSERT INTO messages (id, conversation_id, user_id, role, content, direction, twilio_message_sid, status, created_at,
                      sent_at)
SELECT delivered_message_id, conversation_id, user_id, role, coalesce(final_message, ''), 'outbound', sid, 'sent',
       %(now)s, %(now)s
  FROM queue_rows
 WHERE status = 'sent'
 ORDER BY conversation_id
    -- A row that an agent wrote itself becomes the record of the text (R12).
    ON CONFLICT (id) DO UPDATE
   SET twilio_message_sid = excluded.twilio_message_sid, status = 'sent', sent_at = excluded.sent_at
