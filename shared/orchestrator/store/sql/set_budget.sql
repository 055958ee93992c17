-- set_budget.sql: write a person's limits into their newest budget row; a limit that is not given stays as it is.
INSERT INTO user_message_budget AS b
       (user_id, date, messages_sent, daily_limit, hourly_limit, quiet_hours_enabled, created_at)
SELECT %(user_id)s,
       coalesce(newest.date, (%(now)s AT TIME ZONE 'UTC')::date - 1),  -- a past day, whose count no longer matters
       0,
       coalesce(%(daily_limit)s::int, newest.daily_limit),
       coalesce(%(hourly_limit)s::int, newest.hourly_limit),
       coalesce(%(quiet_hours_enabled)s::boolean, newest.quiet_hours_enabled, true),
       %(now)s
  FROM (SELECT) AS nothing
  LEFT JOIN orchestrator.newest_budget(%(user_id)s) newest ON true
    ON CONFLICT (user_id, date) DO UPDATE
   SET daily_limit = excluded.daily_limit, hourly_limit = excluded.hourly_limit,
       quiet_hours_enabled = excluded.quiet_hours_enabled
