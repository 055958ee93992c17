-- read_person_state.sql: return what the rules need to know of a person and of an agent that would text them, with the
-- columns of read_state.sql. An older sequence of the agents that waits for room (R13) is left out: it goes in minutes.
SELECT u.id AS user_id,
       coalesce(settings.urgent_at_night, lower(%(agent_id)s::text) = 'system') AS urgent_at_night,
       coalesce(settings.needs_approval, false) AS needs_approval,
       NULL::text AS approved_digest,
       (
           SELECT max(q.asked_at)
             FROM orchestrator.open_questions(
                      u.id, %(not_conversation)s::text[], %(now)s - %(question_holds_for)s::interval, %(now)s
                  ) q
            WHERE %(asks)s::boolean AND q.agent_id <> %(agent_id)s::text
       ) AS question_at,
       agents.key AS agent_group,
       agents.hourly_limit AS agent_limit,
       (
           SELECT coalesce(array_agg(t.started_at), '{}')
             FROM orchestrator.agent_texts(agents.key, %(now)s) t
            CROSS JOIN LATERAL generate_series(1, t.texts)
            WHERE agents.hourly_limit IS NOT NULL
       ) AS agent_texts,
       purposes.purpose,
       EXISTS (SELECT FROM orchestrator.consents_of(person.e164, purposes.purpose, %(now)s)) AS has_consent,
       EXISTS (SELECT FROM orchestrator.revocations_of(person.e164, purposes.purpose, %(topic)s::text)) AS revoked,
       EXISTS (SELECT FROM orchestrator.inbound_gap(%(fresh_for)s::interval, %(read_after_gap)s::interval))
           AS inbound_unread,
       EXISTS (SELECT FROM orchestrator.unread_texts(u.id, person.e164)) AS has_unread_text,
       number.dead_code IS NOT NULL AS number_is_dead,
       number.unreachable_until,
       coalesce(
           (SELECT jsonb_object_agg(p.value, p.ends_at) FROM orchestrator.pauses p
             WHERE p.scope = 'country' AND p.ends_at > %(now)s),
           '{}'
       ) AS country_pauses,
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
       (
           SELECT coalesce(jsonb_object_agg(day.date, day.sent), '{}')
             FROM (
                   SELECT b.date, sum(coalesce(b.messages_sent, 0)) AS sent
                     FROM user_message_budget b
                    WHERE b.user_id = ANY (person.sharers)
                      AND b.date BETWEEN (%(now)s AT TIME ZONE 'UTC')::date - 1 AND (%(now)s AT TIME ZONE 'UTC')::date + 1
                    GROUP BY b.date
                  ) day
       ) AS sent_by_day,
       (
           SELECT coalesce(array_agg(text.sent_at ORDER BY text.sent_at), '{}')
             FROM (
                   SELECT a.started_at AS sent_at
                     FROM orchestrator.attempts a
                    WHERE a.user_id = ANY (person.sharers) AND a.holds_slot
                      AND a.started_at > %(now)s - interval '60 minutes'
                    UNION ALL
                   SELECT t.sent_at FROM orchestrator.texts_of_others(person.sharers, %(now)s) t
                  ) text
       ) AS recent_sends,
       (
           SELECT coalesce(array_agg(p.scheduled_for), '{}')
             FROM message_queue p
            WHERE p.user_id = ANY (person.sharers) AND p.accepted_at IS NOT NULL AND p.status = 'queued'
              AND p.reason = 'hourly_limit' AND p.scheduled_for > %(now)s
              AND (p.sequence_id IS NULL OR p.sequence_position = 1)
       ) AS planned_sends,
       (
           SELECT coalesce(array_agg(t.started_at), '{}')
             FROM orchestrator.law_texts(person.sharers, %(now)s - %(law_period)s::interval) t
            CROSS JOIN generate_series(1, t.texts)
       ) AS law_sends,
       EXISTS (SELECT FROM orchestrator.opt_outs_of(u.id, person.e164)) AS opted_out,
       CASE WHEN %(names_sender)s::boolean THEN orchestrator.texted_at(u.id, person.e164) END AS texted_at,
       inbound.last_inbound_at,
       active.on_this_text AS texts_while_active,
       active.this_hour AS active_texts_this_hour,
       active.by_day AS active_texts_by_day,
       0 AS replies_to_text,
       0 AS replies_this_hour,
       '{}'::jsonb AS replies_by_day,
       EXISTS (
           SELECT FROM orchestrator.pauses_of(%(lane)s::text, %(agent_id)s::text, %(type)s::text, u.id, %(now)s)
       ) AS paused
  FROM users u
 CROSS JOIN LATERAL (
        SELECT orchestrator.e164(u.phone_number) AS e164, coalesce(array_agg(p.user_id), ARRAY[u.id]) AS sharers
          FROM orchestrator.people_of(orchestrator.e164(u.phone_number)) p
       ) person
  LEFT JOIN LATERAL (
        SELECT a.urgent_at_night, a.needs_approval
          FROM orchestrator.agents a
         WHERE starts_with(lower(%(agent_id)s::text), a.prefix)
         ORDER BY length(a.prefix) DESC
         LIMIT 1
       ) settings ON true
 CROSS JOIN LATERAL orchestrator.agent_group(%(agent_id)s::text, '', %(agent_start_limit)s::int) agents
 CROSS JOIN LATERAL orchestrator.purpose_of(%(agent_id)s::text) purposes
  LEFT JOIN orchestrator.numbers number ON number.phone_number = person.e164
  LEFT JOIN LATERAL orchestrator.limits_of(u.id, (%(now)s AT TIME ZONE 'UTC')::date) limits ON true
  LEFT JOIN LATERAL (
        SELECT t.created_at AS last_inbound_at
          FROM orchestrator.person_texts(%(not_conversation)s::text[], %(now)s) t
         WHERE t.user_id = u.id
         ORDER BY t.created_at DESC, t.id DESC
         LIMIT 1
       ) inbound ON true
 CROSS JOIN LATERAL (
        SELECT coalesce(sum(day.on_this_text), 0) AS on_this_text, coalesce(sum(day.this_hour), 0) AS this_hour,
               coalesce(jsonb_object_agg(day.local_date, day.texts), '{}') AS by_day
          FROM (
                SELECT t.local_date, sum(t.texts) AS texts,
                       sum(t.texts) FILTER (WHERE t.started_at > %(now)s - interval '60 minutes') AS this_hour,
                       sum(t.texts) FILTER (WHERE t.active_since = inbound.last_inbound_at) AS on_this_text
                  FROM orchestrator.active_texts(person.sharers, %(now)s) t
                 GROUP BY t.local_date
               ) day
       ) active
  LEFT JOIN orchestrator.answer_hours hours ON hours.user_id = u.id
  LEFT JOIN orchestrator.answer_curves curves ON true
 WHERE u.id = %(user_id)s::uuid
