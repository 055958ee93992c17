-- read_user.sql: return a person with their limits, what they got, and how many messages wait.
SELECT u.id AS user_id, u.external_id, coalesce(phone.e164, u.phone_number) AS phone_number, u.first_name, u.timezone, u.law_place AS place,
       u.quiet_hours_start, u.quiet_hours_end, u.response_pattern,
       limits.quiet_hours_enabled, limits.daily_limit, limits.hourly_limit,
       (
           SELECT coalesce(jsonb_object_agg(day.date, day.sent), '{}')
             FROM (
                   SELECT b.date, sum(coalesce(b.messages_sent, 0)) AS sent
                     FROM user_message_budget b
                    WHERE b.user_id = ANY (phone.sharers) AND b.date > (%(now)s AT TIME ZONE 'UTC')::date - 2
                    GROUP BY b.date
                  ) day
       ) AS sent_by_day,
       (
           SELECT count(*) FROM orchestrator.attempts a
            WHERE a.user_id = ANY (phone.sharers) AND a.holds_slot AND a.started_at > %(now)s - interval '60 minutes'
       ) + (SELECT count(*) FROM orchestrator.texts_of_others(phone.sharers, %(now)s)) AS sent_this_hour,
       (
           SELECT max(t.created_at) FROM orchestrator.person_texts(%(not_conversation)s::text[], %(now)s) t
            WHERE t.user_id = u.id
       ) AS last_inbound_at,
       EXISTS (SELECT FROM orchestrator.opt_outs_of(u.id, phone.e164)) AS opted_out,
       EXISTS (SELECT FROM orchestrator.unread_texts(u.id, phone.e164)) AS has_unread_text,
       number.dead_code IS NOT NULL AS number_is_dead, number.unreachable_until,
       (
           SELECT count(*) FROM message_queue m
            WHERE m.user_id = u.id AND m.accepted_at IS NOT NULL AND (m.status IN ('queued', 'approved') OR m.status = 'sending')
       ) AS waiting
  FROM users u
 CROSS JOIN LATERAL (
        -- People who share a phone share its limits.
        SELECT orchestrator.e164(u.phone_number) AS e164, coalesce(array_agg(p.user_id), ARRAY[u.id]) AS sharers
          FROM orchestrator.people_of(orchestrator.e164(u.phone_number)) p
       ) phone
  LEFT JOIN orchestrator.numbers number ON number.phone_number = phone.e164
  LEFT JOIN LATERAL orchestrator.limits_of(u.id, (%(now)s AT TIME ZONE 'UTC')::date) limits ON true
 WHERE u.id = %(user_id)s
