-- add_budget_rows.sql: add the UTC day's budget row of people for whom a message is due on that day, so that an owner's
-- SQL finds it before the first text (R1).
INSERT INTO user_message_budget (user_id, date, messages_sent, daily_limit, hourly_limit, quiet_hours_enabled, created_at)
SELECT people.user_id, day.today, 0, coalesce(limits.daily_limit, %(daily_limit)s::int),
       coalesce(limits.hourly_limit, %(hourly_limit)s::int), coalesce(limits.quiet_hours_enabled, true), %(now)s
  FROM (SELECT (%(now)s AT TIME ZONE 'UTC')::date AS today) day
 CROSS JOIN LATERAL (
        SELECT DISTINCT m.user_id
          FROM message_queue m
         WHERE m.status = 'queued' AND m.accepted_at IS NOT NULL AND m.priority = ANY (%(lanes)s::text[])
           AND m.scheduled_for < %(tomorrow)s
           AND NOT EXISTS (
               SELECT FROM user_message_budget b WHERE b.user_id = m.user_id AND b.date = day.today
           )
         LIMIT %(limit)s
       ) people
  LEFT JOIN LATERAL orchestrator.limits_of(people.user_id, day.today) limits ON true
 ORDER BY people.user_id
    ON CONFLICT (user_id, date) DO NOTHING
