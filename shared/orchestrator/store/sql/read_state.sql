-- read_state.sql: what the rules need to know of messages in delivery and of the people they are for.
SELECT m.id AS message_id,
       m.user_id,
       m.agent_id,
       m.message_data,
       m.final_message,
       m.words_source,
       m.priority,
       coalesce(m.can_delay, true) AS can_delay,
       coalesce(m.requires_fresh_context, false) AS requires_fresh_context,
       m.scheduled_for AS due,
       m.not_before,
       m.expires_at,
       m.accepted_at,
       coalesce(m.tries, 0) AS tries,
       withdrawn.message_id IS NOT NULL AS withdrawn,
       u.phone_number,
       u.first_name,
       u.timezone,
       u.quiet_hours_start,
       u.quiet_hours_end,
       newest.daily_limit,
       newest.hourly_limit,
       newest.quiet_hours_enabled,
       days.sent_by_day,
       hour.recent_sends,
       opted_out.id IS NOT NULL AS opted_out,
       inbound.last_inbound_at,
       everything.scope IS NOT NULL AS paused
  FROM message_queue m
  JOIN users u ON u.id = m.user_id
  LEFT JOIN orchestrator.withdrawals withdrawn ON withdrawn.message_id = m.id
  LEFT JOIN orchestrator.pauses everything ON everything.scope = 'everything'
  LEFT JOIN LATERAL (
        SELECT b.daily_limit, b.hourly_limit, b.quiet_hours_enabled
          FROM user_message_budget b
         WHERE b.user_id = m.user_id
         ORDER BY b.date DESC
         LIMIT 1
       ) newest ON true
 CROSS JOIN LATERAL (
        -- Yesterday to tomorrow: the local day differs from the UTC day by one at most.
        SELECT coalesce(jsonb_object_agg(b.date, coalesce(b.messages_sent, 0)), '{}') AS sent_by_day
          FROM user_message_budget b
         WHERE b.user_id = m.user_id
           AND b.date BETWEEN (%(now)s AT TIME ZONE 'UTC')::date - 1 AND (%(now)s AT TIME ZONE 'UTC')::date + 1
       ) days
 CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(a.started_at ORDER BY a.started_at), '{}') AS recent_sends
          FROM orchestrator.attempts a
         WHERE a.user_id = m.user_id AND a.holds_slot AND a.started_at > %(now)s - interval '60 minutes'
       ) hour
  LEFT JOIN LATERAL (
        SELECT o.id
          FROM orchestrator.opt_outs o
         WHERE o.ended_at IS NULL AND (o.phone_number = u.phone_number OR o.user_id = u.id)
         LIMIT 1
       ) opted_out ON true
 CROSS JOIN LATERAL (
        SELECT max(i.created_at) AS last_inbound_at
          FROM messages i
         WHERE i.user_id = m.user_id AND i.direction = 'inbound'
           AND upper(btrim(i.content)) <> ALL (%(not_conversation)s::text[])
       ) inbound
 WHERE m.id = ANY (%(message_ids)s::uuid[])
   AND m.status = 'approved'
   AND m.accepted_at IS NOT NULL
