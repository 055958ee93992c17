-- reserve.sql: check everything that could have changed since the decision, take the slots and write the attempts (G1,
-- G2, R11). It runs after the locks, on a fresh snapshot. Returns the attempts that may be made, and the candidates that
-- must not be sent because the same words went to the person, each with that earlier text (R14). Any other candidate is
-- missing: a STOP, a pause, a withdrawal, a limit, the clock or another worker came first. docs/data-model.md lists the
-- counters.
WITH candidates AS (
    SELECT *
      FROM unnest(
               %(attempt_id)s::uuid[], %(message_id)s::uuid[], %(user_id)s::uuid[], %(new_conversation_id)s::uuid[],
               %(phone_number)s::text[], %(fingerprint)s::text[], %(local_date)s::date[], %(open_until)s::timestamptz[],
               %(day_cap)s::int[], %(hour_cap)s::int[], %(takes_slot)s::boolean[], %(active_since)s::timestamptz[],
               %(active_texts)s::int[], %(reply_to)s::timestamptz[],
               %(law_texts)s::int[], %(law_cap)s::int[], %(law_hours)s::int[], %(law_note)s::text[], %(needs_consent)s::boolean[],
               %(daily_limit)s::int[], %(hourly_limit)s::int[], %(quiet_hours_enabled)s::boolean[],
               %(number_hash)s::text[], %(segments)s::int[], %(price_usd)s::numeric[],
               %(agent_group)s::text[], %(agent_cap)s::int[], %(agent_texts)s::int[],
               %(words_digest)s::text[], %(data_digest)s::text[], %(compared_since)s::timestamptz[],
               %(questions_since)s::timestamptz[],
               %(new_words)s::text[], %(words_source)s::text[], %(encoding)s::text[]
           ) WITH ORDINALITY AS c (
               attempt_id, message_id, user_id, new_conversation_id, phone_number, fingerprint, local_date, open_until,
               day_cap, hour_cap, takes_slot, active_since, active_texts, reply_to,
               law_texts, law_cap, law_hours, law_note, needs_consent, daily_limit, hourly_limit, quiet_hours_enabled,
               number_hash, segments, price_usd, agent_group, agent_cap, agent_texts,
               words_digest, data_digest, compared_since, questions_since, new_words, words_source, encoding, place
           )
), restored_opt_outs AS (
    -- The STOP of a deleted person's number is known by its hash alone. A candidate with that number restores it.
    INSERT INTO orchestrator.opt_outs (phone_number, user_id, source, opted_out_at)
    SELECT c.phone_number, c.user_id, 'forgotten', f.opted_out_at
      FROM candidates c
      JOIN orchestrator.forgotten_opt_outs f ON f.number_hash = c.number_hash
        ON CONFLICT (phone_number) WHERE ended_at IS NULL DO NOTHING
), spent AS (
    -- On this snapshot: waves of the same moment do not see each other, so that each may pass a ceiling once.
    SELECT coalesce(sum(s.twilio_usd), 0) AS usd,
           EXISTS (
               SELECT FROM orchestrator.pauses p
                WHERE p.scope = 'spending' AND p.value = '' AND p.ends_at = p.paused_at
                  AND p.paused_at >= date_trunc('day', %(now)s AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
           ) AS is_resumed
      FROM orchestrator.daily_spending() s
     WHERE s.day = (%(now)s AT TIME ZONE 'UTC')::date
), eligible_candidates AS (
    SELECT c.*, m.sequence_position AS part, coalesce(context.id, open.id, c.new_conversation_id) AS conversation_id,
           sharers.ids AS sharers, purposes.purpose, u.timezone AS zone,
           earlier.message_id AS earlier_id, earlier.started_at AS earlier_at
      FROM candidates c
      JOIN message_queue m ON m.id = c.message_id AND m.status = 'approved'
      JOIN users u ON u.id = c.user_id AND orchestrator.e164_of(u.phone_number) = c.phone_number
     CROSS JOIN LATERAL (
            -- People who share a phone share its limits; lock_users locked them all.
            SELECT array_agg(p.user_id) AS ids FROM orchestrator.people_of(c.phone_number) p
           ) sharers
      -- A conversation belongs to one number: a message follows its person to a new number, and to its conversation.
      LEFT JOIN conversations context
        ON context.id = m.conversation_context_id AND orchestrator.e164(context.phone_number) = c.phone_number
       AND context.status <> 'closed'
      LEFT JOIN LATERAL orchestrator.open_conversation(c.user_id, c.phone_number) open ON true
     CROSS JOIN LATERAL (
            -- OFFSET keeps it a subquery: a function whose argument holds one is not inlined, and is called for each row.
            SELECT p.purpose FROM orchestrator.purpose_of(m.agent_id) p OFFSET 0
           ) purposes
      LEFT JOIN LATERAL (
            SELECT t.message_id, t.started_at
              FROM orchestrator.texts_to(c.user_id, c.compared_since) t
             WHERE t.message_id <> c.message_id AND (t.words_digest = c.words_digest OR t.data_digest = c.data_digest)
             ORDER BY t.started_at DESC
             LIMIT 1
           ) earlier ON true
     CROSS JOIN spent
     WHERE c.open_until > %(now)s
       AND spent.usd < CASE WHEN m.priority = 'urgent' OR spent.is_resumed THEN %(urgent_ceiling_usd)s::numeric
                            ELSE %(ceiling_usd)s::numeric
                       END
       AND NOT EXISTS (SELECT FROM orchestrator.opt_outs_of(c.user_id, c.phone_number))
       -- Without the key of the hashes, a candidate may have a deleted person's number: nothing goes.
       AND CASE WHEN c.number_hash IS NULL THEN NOT EXISTS (SELECT FROM orchestrator.forgotten_opt_outs)
                ELSE NOT EXISTS (SELECT FROM orchestrator.forgotten_opt_outs f WHERE f.number_hash = c.number_hash)
           END
       AND NOT EXISTS (SELECT FROM orchestrator.revocations_of(c.phone_number, purposes.purpose, m.topic))
       -- The owner may have made the agent one of marketing since the decision.
       AND (NOT c.needs_consent AND purposes.purpose <> 'marketing'
            OR EXISTS (SELECT FROM orchestrator.consents_of(c.phone_number, purposes.purpose, %(now)s)))
       AND NOT EXISTS (SELECT FROM orchestrator.unread_texts(c.user_id, c.phone_number))
       AND NOT EXISTS (
           SELECT FROM orchestrator.inbound_gap(%(fresh_for)s::interval, %(read_after_gap)s::interval)
       )
       AND NOT EXISTS (
           SELECT FROM orchestrator.stops_of(m.id, m.priority, m.agent_id, m.message_data->>'type', m.user_id, %(now)s)
       )
       AND NOT EXISTS (SELECT FROM orchestrator.withdrawals_of(m.id, m.user_id, m.topic, m.published_at, m.publisher))
       -- Another agent may have asked the person something since the decision.
       AND (c.questions_since IS NULL
            OR NOT EXISTS (
                SELECT FROM orchestrator.open_questions(
                                c.user_id, %(not_conversation)s::text[], c.questions_since, %(now)s
                            ) q
                 WHERE q.agent_id <> m.agent_id
            ))
), counts AS (
    SELECT e.*,
           day.sent + sum(e.takes_slot::int) OVER day AS of_day,
           hour.slots + sum(e.takes_slot::int) OVER person AS of_hour,
           active.on_this_text + sum(e.active_texts) OVER person AS active_of_inbound,
           active.this_hour + sum(e.active_texts) OVER person AS active_of_hour,
           active.this_day + sum(e.active_texts) OVER day AS active_of_day,
           law.texts + sum(e.law_texts) OVER person AS of_law_period,
           replies.on_this_text + count(e.reply_to) OVER person AS replies_of_inbound,
           replies.this_hour + count(e.reply_to) OVER person AS replies_of_hour,
           replies.this_day + count(e.reply_to) OVER day AS replies_of_day,
           agents.this_hour + sum(e.agent_texts) OVER agents AS of_agents
      FROM eligible_candidates e
     CROSS JOIN LATERAL (
            SELECT coalesce(sum(b.messages_sent), 0) AS sent
              FROM user_message_budget b
             WHERE b.user_id = ANY (e.sharers) AND b.date = e.local_date
           ) day
     CROSS JOIN LATERAL (
            SELECT count(*) + (SELECT count(*) FROM orchestrator.texts_of_others(e.sharers, %(now)s)) AS slots
              FROM orchestrator.attempts a
             WHERE a.user_id = ANY (e.sharers) AND a.holds_slot AND a.started_at > %(now)s - interval '60 minutes'
           ) hour
     CROSS JOIN LATERAL (
            SELECT coalesce(sum(t.texts) FILTER (WHERE t.active_since = e.active_since), 0) AS on_this_text,
                   coalesce(sum(t.texts) FILTER (WHERE t.started_at > %(now)s - interval '60 minutes'), 0) AS this_hour,
                   coalesce(sum(t.texts) FILTER (WHERE t.local_date = e.local_date), 0) AS this_day
              FROM orchestrator.active_texts(e.sharers, %(now)s) t
             WHERE e.active_texts > 0
           ) active
     CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE t.reply_to = e.reply_to) AS on_this_text,
                   count(*) FILTER (WHERE t.started_at > %(now)s - interval '60 minutes') AS this_hour,
                   count(*) FILTER (WHERE t.local_date = e.local_date) AS this_day
              FROM orchestrator.reply_texts(e.sharers, %(now)s) t
             WHERE e.reply_to IS NOT NULL
           ) replies
     CROSS JOIN LATERAL (
            SELECT coalesce(sum(t.texts), 0) AS texts
              FROM orchestrator.law_texts(e.sharers, %(now)s - make_interval(hours => e.law_hours)) t
             WHERE e.law_cap IS NOT NULL
           ) law
     CROSS JOIN LATERAL (
            -- lock_agent_groups lets no other wave count the same group at the same moment.
            SELECT coalesce(sum(t.texts), 0) AS this_hour
              FROM orchestrator.agent_texts(e.agent_group, %(now)s) t
             WHERE e.agent_texts > 0
           ) agents
     WHERE e.earlier_id IS NULL
    WINDOW day AS (PARTITION BY e.phone_number, e.local_date ORDER BY e.place),
           person AS (PARTITION BY e.phone_number ORDER BY e.place),
           agents AS (PARTITION BY e.agent_group ORDER BY e.place)
), reservations AS (
    SELECT *
      FROM counts
     WHERE (day_cap IS NULL OR of_day <= day_cap)
       AND (hour_cap IS NULL OR of_hour <= hour_cap)
       AND (law_cap IS NULL OR of_law_period <= law_cap)
       AND (active_texts = 0 OR (
               active_of_inbound <= %(texts_per_inbound)s::int AND active_of_hour <= %(texts_per_hour)s::int
               AND active_of_day <= %(texts_per_day)s::int
           ))
       AND (reply_to IS NULL OR (
               replies_of_inbound <= %(replies_per_inbound)s::int AND replies_of_hour <= %(replies_per_hour)s::int
               AND replies_of_day <= %(replies_per_day)s::int
           ))
       -- A sequence with more parts than the limit goes where no other text is in the hour.
       AND (agent_cap IS NULL OR agent_texts = 0
            OR (agent_cap > 0 AND of_agents <= greatest(agent_cap, agent_texts)))
), messages_in_flight AS (
    -- With the words that cost nothing to find again, had the message not been reserved.
    UPDATE message_queue m
       SET status = 'sending', reason = NULL, lease_until = %(lease_until)s::timestamptz,
           final_message = coalesce(r.new_words, m.final_message),
           words_source = CASE WHEN r.new_words IS NULL THEN m.words_source ELSE r.words_source END,
           words_on = CASE WHEN r.new_words IS NULL THEN m.words_on ELSE r.local_date END,
           segments = CASE WHEN r.new_words IS NULL THEN m.segments ELSE r.segments END,
           encoding = coalesce(r.encoding, m.encoding)
      FROM reservations r
     WHERE m.id = r.message_id
), budget_rows AS (
    INSERT INTO user_message_budget AS b
           (user_id, date, messages_sent, last_message_at, daily_limit, hourly_limit, quiet_hours_enabled, created_at)
    SELECT user_id, date, count(*) FILTER (WHERE takes_slot), max(at),
           max(daily_limit), max(hourly_limit), bool_and(quiet_hours_enabled), %(now)s
      FROM (
            SELECT user_id, local_date AS date, takes_slot, %(now)s AS at, daily_limit, hourly_limit, quiet_hours_enabled
              FROM reservations
             UNION ALL
            -- The UTC day, by which an owner asks, where the person's is another one: nothing is sent on it yet.
            SELECT r.user_id, (%(now)s AT TIME ZONE 'UTC')::date, false, NULL, r.daily_limit, r.hourly_limit, r.quiet_hours_enabled
              FROM reservations r
             WHERE NOT EXISTS (
                       SELECT FROM user_message_budget known
                        WHERE known.user_id = r.user_id AND known.date = (%(now)s AT TIME ZONE 'UTC')::date
                   )
           ) days
     GROUP BY user_id, date
     ORDER BY user_id, date
        ON CONFLICT (user_id, date) DO UPDATE
       SET messages_sent = coalesce(b.messages_sent, 0) + excluded.messages_sent,
           last_message_at = coalesce(excluded.last_message_at, b.last_message_at)
), day_spending AS (
    -- settle.sql gives it back, like the slot, when Twilio refuses the text.
    INSERT INTO orchestrator.spending_shards AS s (day, shard, texts, segments, twilio_usd)
    SELECT (%(now)s AT TIME ZONE 'UTC')::date, pg_backend_pid(), count(*), sum(segments), sum(price_usd)
      FROM reservations
    HAVING count(*) > 0
        ON CONFLICT (day, shard) DO UPDATE
       SET texts = s.texts + excluded.texts, segments = s.segments + excluded.segments,
           twilio_usd = s.twilio_usd + excluded.twilio_usd
), spending_pauses AS (
    -- Once a day and ceiling: one that an operator lifted keeps its row, which no later wave writes.
    INSERT INTO orchestrator.pauses AS p (scope, value, note, paused_at, ends_at)
    SELECT 'spending', ceiling.value, format('Twilio has cost %%s USD today', round(total.usd, 2)), %(now)s,
           day.begins + interval '1 day'
      FROM (SELECT spent.usd + coalesce((SELECT sum(price_usd) FROM reservations), 0) AS usd FROM spent) AS total
     CROSS JOIN (VALUES ('', %(ceiling_usd)s::numeric), ('urgent', %(urgent_ceiling_usd)s::numeric))
             AS ceiling (value, usd)
     CROSS JOIN (SELECT date_trunc('day', %(now)s AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS begins) AS day
     WHERE total.usd >= ceiling.usd
       AND NOT EXISTS (
           SELECT FROM orchestrator.pauses o
            WHERE o.scope = 'spending' AND o.value = ceiling.value AND o.paused_at >= day.begins
       )
        ON CONFLICT (scope, value) DO UPDATE
       SET note = excluded.note, paused_at = excluded.paused_at, ends_at = excluded.ends_at
), new_conversations AS (
    INSERT INTO conversations (id, user_id, phone_number, status, created_at, updated_at)
    SELECT conversation_id, user_id, phone_number, 'active', %(now)s, %(now)s
      FROM reservations
        ON CONFLICT (id) DO NOTHING
), new_attempts AS (
    INSERT INTO orchestrator.attempts (id, message_id, user_id, conversation_id, phone_number, fingerprint, local_date,
                                       holds_slot, active_since, active_texts, reply_to, law_texts, law_note,
                                       started_at, part, segments, price_usd, agent_group, agent_texts, purpose, zone,
                                       words_digest, data_digest)
    SELECT attempt_id, message_id, user_id, conversation_id, phone_number, fingerprint, local_date,
           takes_slot, active_since, active_texts, reply_to, law_texts, law_note, %(now)s, part, segments, price_usd,
           agent_group, agent_texts, purpose, zone, words_digest, data_digest
      FROM reservations
    RETURNING id
)
SELECT id AS attempt_id, NULL::uuid AS earlier_id, NULL::timestamptz AS earlier_at FROM new_attempts
 UNION ALL
SELECT attempt_id, earlier_id, earlier_at FROM eligible_candidates WHERE earlier_id IS NOT NULL
