-- read_state.sql: return what the rules need to know of approved messages and of the people they are for.
SELECT m.id AS message_id,
       m.user_id,
       m.agent_id,
       m.message_data,
       m.final_message,
       m.words_source,
       m.words_on,
       m.priority,
       coalesce(m.can_delay, true) AS can_delay,
       coalesce(m.requires_fresh_context, false) AS requires_fresh_context,
       m.scheduled_for AS due,
       m.not_before,
       m.best_at,
       m.expires_at,
       m.accepted_at,
       coalesce(m.tries, 0) AS tries,
       m.sequence_id,
       m.sequence_total,
       EXISTS (
           SELECT FROM orchestrator.withdrawals_of(m.id, m.user_id, m.topic, m.published_at, m.publisher)
       ) AS withdrawn,
       newer.id AS superseded_by,
       m.priority = 'low' AND EXISTS (
           SELECT FROM message_queue higher
            WHERE higher.user_id = m.user_id AND higher.accepted_at IS NOT NULL
              AND higher.status IN ('queued', 'approved') AND higher.scheduled_for <= %(now)s
              AND higher.priority IN ('urgent', 'high', 'medium')
              AND higher.reason IS DISTINCT FROM 'sequence_incomplete'
              AND NOT EXISTS (
                  SELECT FROM orchestrator.pauses_of(
                                  higher.priority, higher.agent_id, higher.message_data->>'type', higher.user_id, %(now)s
                              )
              )
       ) AS higher_is_due,
       coalesce(m.is_reply, false) AS is_reply,
       coalesce(m.allow_repeat, false) AS allow_repeat,
       coalesce(m.expects_reply, false) OR sequence.asks AS asks,
       question.asked_at AS question_at,
       coalesce(settings.urgent_at_night, lower(m.agent_id) = 'system') AS urgent_at_night,
       coalesce(settings.needs_approval, false) AS needs_approval,
       (SELECT a.digest FROM orchestrator.approvals a WHERE a.message_id = m.id) AS approved_digest,
       agents.key AS agent_group,
       agents.hourly_limit AS agent_limit,
       agent_hour.texts AS agent_texts,
       agent_hour.sequence_due,
       purposes.purpose,
       EXISTS (SELECT FROM orchestrator.consents_of(person.e164, purposes.purpose, %(now)s)) AS has_consent,
       EXISTS (SELECT FROM orchestrator.revocations_of(person.e164, purposes.purpose, m.topic)) AS revoked,
       EXISTS (SELECT FROM orchestrator.inbound_gap(%(fresh_for)s::interval, %(read_after_gap)s::interval))
           AS inbound_unread,
       EXISTS (SELECT FROM orchestrator.unread_texts(m.user_id, person.e164)) AS has_unread_text,
       number.dead_code IS NOT NULL AS number_is_dead,
       number.unreachable_until,
       (
           SELECT jsonb_object_agg(p.value, p.ends_at) FROM orchestrator.pauses p
            WHERE p.scope = 'country' AND p.ends_at > %(now)s
       ) AS country_pauses,
       sequence.continues,
       sequence.broken,
       coalesce(person.e164, u.phone_number) AS phone_number,
       u.first_name,
       u.timezone,
       u.law_place,
       u.quiet_hours_start,
       u.quiet_hours_end,
       u.response_pattern,
       hours.learned,
       hours.sure,
       curves.hours AS population,
       curves.stops,
       hours.off_since IS NOT NULL AS off,
       limits.daily_limit,
       limits.hourly_limit,
       limits.quiet_hours_enabled,
       days.sent_by_day,
       hour.recent_sends,
       planned.planned_sends,
       law.law_sends,
       EXISTS (SELECT FROM orchestrator.opt_outs_of(u.id, person.e164)) AS opted_out,
       CASE WHEN %(names_sender)s::boolean THEN orchestrator.texted_at(u.id, person.e164) END AS texted_at,
       inbound.last_inbound_at,
       coalesce(judged.verdict, 'unasked') AS relevance,
       judged.judged_at,
       coalesce(
           (SELECT s.cost_usd FROM orchestrator.daily_spending() s WHERE s.day = (%(now)s AT TIME ZONE 'UTC')::date), 0
       ) AS claude_usd_today,
       active.on_this_text AS texts_while_active,
       active.this_hour AS active_texts_this_hour,
       active.by_day AS active_texts_by_day,
       replies.on_this_text AS replies_to_text,
       replies.this_hour AS replies_this_hour,
       replies.by_day AS replies_by_day,
       EXISTS (
           SELECT FROM orchestrator.stops_of(m.id, m.priority, m.agent_id, m.message_data->>'type', m.user_id, %(now)s)
       ) AS paused
  FROM message_queue m
  JOIN users u ON u.id = m.user_id
 CROSS JOIN LATERAL (
        -- People who share a phone share its limits.
        SELECT orchestrator.e164(u.phone_number) AS e164, coalesce(array_agg(p.user_id), ARRAY[u.id]) AS sharers
          FROM orchestrator.people_of(orchestrator.e164(u.phone_number)) p
       ) person
  LEFT JOIN LATERAL (
        SELECT a.urgent_at_night, a.needs_approval
          FROM orchestrator.agents a
         WHERE starts_with(lower(m.agent_id), a.prefix)
         ORDER BY length(a.prefix) DESC
         LIMIT 1
       ) settings ON true
 CROSS JOIN LATERAL orchestrator.agent_group(m.agent_id, m.published_by, %(agent_start_limit)s::int) agents
 CROSS JOIN LATERAL (
        SELECT (
                   SELECT coalesce(array_agg(t.started_at), '{}')
                     FROM orchestrator.agent_texts(agents.key, %(now)s) t
                    CROSS JOIN LATERAL generate_series(1, t.texts)  -- a sequence stands there once for each part
                    WHERE agents.hourly_limit IS NOT NULL
               ) AS texts,
               -- An older sequence that waits for room; an urgent message waits for urgent ones alone.
               (
                   SELECT min(s.scheduled_for)
                     FROM message_queue s
                    CROSS JOIN LATERAL orchestrator.agent_group(s.agent_id, s.published_by, NULL) its
                    WHERE agents.hourly_limit IS NOT NULL
                      AND s.reason = 'agent_limit' AND s.sequence_position = 1 AND s.status IN ('queued', 'approved')
                      AND (s.accepted_at, s.id) < (m.accepted_at, m.id) AND its.key = agents.key
                      AND (m.priority <> 'urgent' OR s.priority = 'urgent')
                      AND NOT EXISTS (
                          SELECT FROM orchestrator.pauses_of(
                                          s.priority, s.agent_id, s.message_data->>'type', s.user_id, %(now)s
                                      )
                      )
               ) AS sequence_due
       ) agent_hour
 CROSS JOIN LATERAL (
        -- OFFSET keeps it a subquery: a function whose argument holds one is not inlined, and is called for each row.
        SELECT p.purpose FROM orchestrator.purpose_of(m.agent_id) p OFFSET 0
       ) purposes
  LEFT JOIN orchestrator.numbers number ON number.phone_number = person.e164
  LEFT JOIN LATERAL (
        SELECT s.id
          FROM orchestrator.superseders(m.id, m.user_id, m.topic, m.published_at, m.sequence_id) s
         LIMIT 1
       ) newer ON true
 CROSS JOIN LATERAL (
        SELECT coalesce(bool_or(part.status = 'sent'), false) AS continues,
               coalesce(bool_or(part.status IN ('failed', 'cancelled', 'expired', 'superseded')), false) AS broken,
               coalesce(bool_or(part.expects_reply), false) AS asks
          FROM message_queue part
         WHERE part.sequence_id = m.sequence_id AND part.accepted_at IS NOT NULL
       ) sequence
 CROSS JOIN LATERAL (
        SELECT max(q.asked_at) AS asked_at
          FROM orchestrator.open_questions(
                   m.user_id, %(not_conversation)s::text[], %(now)s - %(question_holds_for)s::interval, %(now)s
               ) q
         WHERE (m.expects_reply OR sequence.asks) AND q.agent_id <> m.agent_id
       ) question
  LEFT JOIN LATERAL orchestrator.limits_of(m.user_id, (%(now)s AT TIME ZONE 'UTC')::date) limits ON true
 CROSS JOIN LATERAL (
        -- Yesterday to tomorrow: the local day differs from the UTC day by one at most.
        SELECT jsonb_object_agg(day.date, day.sent) AS sent_by_day
          FROM (
                SELECT b.date, sum(coalesce(b.messages_sent, 0)) AS sent
                  FROM user_message_budget b
                 WHERE b.user_id = ANY (person.sharers)
                   AND b.date BETWEEN (%(now)s AT TIME ZONE 'UTC')::date - 1 AND (%(now)s AT TIME ZONE 'UTC')::date + 1
                 GROUP BY b.date
               ) day
       ) days
 CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(text.sent_at ORDER BY text.sent_at), '{}') AS recent_sends
          FROM (
                SELECT a.started_at AS sent_at
                  FROM orchestrator.attempts a
                 WHERE a.user_id = ANY (person.sharers) AND a.holds_slot AND a.started_at > %(now)s - interval '60 minutes'
                 UNION ALL
                SELECT t.sent_at FROM orchestrator.texts_of_others(person.sharers, %(now)s) t
               ) text
       ) hour
 CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(p.scheduled_for), '{}') AS planned_sends
          FROM message_queue p
         WHERE p.user_id = ANY (person.sharers) AND p.accepted_at IS NOT NULL AND p.status = 'queued'
           AND p.reason = 'hourly_limit' AND p.scheduled_for > %(now)s
           AND (p.sequence_id IS NULL OR p.sequence_position = 1)  -- a sequence counts once
       ) planned
 CROSS JOIN LATERAL (
        -- A text that counts for several toward a cap of the law stands here as often.
        SELECT coalesce(array_agg(t.started_at), '{}') AS law_sends
          FROM orchestrator.law_texts(person.sharers, %(now)s - %(law_period)s::interval) t
         CROSS JOIN generate_series(1, t.texts)
       ) law
  LEFT JOIN LATERAL (
        SELECT t.id, t.created_at AS last_inbound_at
          FROM orchestrator.person_texts(%(not_conversation)s::text[], %(now)s) t
         WHERE t.user_id = m.user_id
         ORDER BY t.created_at DESC, t.id DESC
         LIMIT 1
       ) inbound ON true
 CROSS JOIN LATERAL (
        SELECT coalesce(sum(day.on_this_text), 0) AS on_this_text, coalesce(sum(day.this_hour), 0) AS this_hour,
               jsonb_object_agg(day.local_date, day.texts) AS by_day
          FROM (
                SELECT t.local_date, sum(t.texts) AS texts,
                       sum(t.texts) FILTER (WHERE t.started_at > %(now)s - interval '60 minutes') AS this_hour,
                       sum(t.texts) FILTER (WHERE t.active_since = inbound.last_inbound_at) AS on_this_text
                  FROM orchestrator.active_texts(person.sharers, %(now)s) t
                 GROUP BY t.local_date
               ) day
       ) active
 CROSS JOIN LATERAL (
        SELECT coalesce(sum(day.on_this_text), 0) AS on_this_text, coalesce(sum(day.this_hour), 0) AS this_hour,
               jsonb_object_agg(day.local_date, day.texts) AS by_day
          FROM (
                SELECT t.local_date, count(*) AS texts,
                       count(*) FILTER (WHERE t.started_at > %(now)s - interval '60 minutes') AS this_hour,
                       count(*) FILTER (WHERE t.reply_to = inbound.last_inbound_at) AS on_this_text
                  FROM orchestrator.reply_texts(person.sharers, %(now)s) t
                 WHERE m.is_reply
                 GROUP BY t.local_date
               ) day
       ) replies
  LEFT JOIN orchestrator.relevance judged ON judged.message_id = m.id AND judged.inbound_id = inbound.id
  LEFT JOIN orchestrator.answer_hours hours ON hours.user_id = u.id
  LEFT JOIN orchestrator.answer_curves curves ON true
 WHERE m.id = ANY (%(message_ids)s::uuid[])
   AND m.status = 'approved'
   AND m.accepted_at IS NOT NULL
