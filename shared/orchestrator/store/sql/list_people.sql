-- list_people.sql: list a page of people by id, each with their limits, what they got, and the newest opt-out in force.
-- The filters choose those who are opted out, and those who got texts lately, of whom some are at their limit.
SELECT u.id AS user_id, u.external_id, u.first_name, coalesce(phone.e164, u.phone_number) AS phone_number, u.timezone,
       limits.daily_limit, limits.hourly_limit,
       opt_out.at IS NOT NULL AS opted_out, opt_out.at AS opted_out_at, opt_out.source AS opted_out_by,
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
       ) + (SELECT count(*) FROM orchestrator.texts_of_others(phone.sharers, %(now)s)) AS sent_this_hour
  FROM users u
 CROSS JOIN LATERAL (
        -- People who share a phone share its limits.
        SELECT orchestrator.e164(u.phone_number) AS e164, coalesce(array_agg(p.user_id), ARRAY[u.id]) AS sharers
          FROM orchestrator.people_of(orchestrator.e164(u.phone_number)) p
       ) phone
  LEFT JOIN LATERAL orchestrator.limits_of(u.id, (%(now)s AT TIME ZONE 'UTC')::date) limits ON true
  LEFT JOIN LATERAL (
        SELECT o.opted_out_at AS at, o.source
          FROM orchestrator.opt_outs_of(u.id, phone.e164) in_force
          JOIN orchestrator.opt_outs o ON o.id = in_force.id
         ORDER BY o.opted_out_at DESC
         LIMIT 1
       ) opt_out ON true
 WHERE u.id > %(after)s AND u.phone_number NOT LIKE 'forgotten-%%'
   AND (NOT %(opted_out)s OR opt_out.at IS NOT NULL)
   AND (%(opted_out_since)s::timestamptz IS NULL OR opt_out.at >= %(opted_out_since)s)
   AND (
       NOT %(texted)s OR limits.daily_limit <= 0 OR limits.hourly_limit <= 0
       OR EXISTS (
           SELECT FROM user_message_budget b
            WHERE b.user_id = ANY (phone.sharers) AND b.date > (%(now)s AT TIME ZONE 'UTC')::date - 2
              AND b.messages_sent > 0
       )
       OR EXISTS (SELECT FROM orchestrator.texts_of_others(phone.sharers, %(now)s))
   )
 ORDER BY u.id
 LIMIT %(limit)s
