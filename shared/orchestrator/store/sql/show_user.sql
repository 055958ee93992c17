-- show_user.sql: a person with the limits of the newest budget row, and how many messages wait.
SELECT u.id AS user_id, u.external_id, u.phone_number, u.first_name, u.timezone,
       u.quiet_hours_start, u.quiet_hours_end,
       newest.quiet_hours_enabled, newest.daily_limit, newest.hourly_limit,
       EXISTS (
           SELECT FROM orchestrator.opt_outs o
            WHERE o.ended_at IS NULL AND (o.phone_number = u.phone_number OR o.user_id = u.id)
       ) AS opted_out,
       (
           SELECT count(*) FROM message_queue m
            WHERE m.user_id = u.id AND m.accepted_at IS NOT NULL AND m.status IN ('queued', 'approved', 'sending')
       ) AS waiting
  FROM users u
  LEFT JOIN LATERAL (
        SELECT daily_limit, hourly_limit, quiet_hours_enabled
          FROM user_message_budget b
         WHERE b.user_id = u.id
         ORDER BY date DESC
         LIMIT 1
       ) newest ON true
 WHERE u.id = %(user_id)s
