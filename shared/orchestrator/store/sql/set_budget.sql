-- set_budget.sql: write a person's limits into the budget row that holds them, and into those of later days, which were
-- made of it; a limit that is not given stays as it is.
WITH new AS (
    SELECT coalesce(limits.date, (%(now)s AT TIME ZONE 'UTC')::date - 1) AS date,  -- a past day, whose count no longer matters
           coalesce(%(daily_limit)s::int, limits.daily_limit) AS daily_limit,
           coalesce(%(hourly_limit)s::int, limits.hourly_limit) AS hourly_limit,
           coalesce(%(quiet_hours_enabled)s::boolean, limits.quiet_hours_enabled, true) AS quiet_hours_enabled
      FROM (SELECT) AS nothing
      LEFT JOIN orchestrator.limits_of(%(user_id)s, (%(now)s AT TIME ZONE 'UTC')::date) limits ON true
), later_rows AS (
    UPDATE user_message_budget b
       SET daily_limit = new.daily_limit, hourly_limit = new.hourly_limit, quiet_hours_enabled = new.quiet_hours_enabled
      FROM new
     WHERE b.user_id = %(user_id)s AND b.date > new.date
)
INSERT INTO user_message_budget AS b
       (user_id, date, messages_sent, daily_limit, hourly_limit, quiet_hours_enabled, created_at)
SELECT %(user_id)s, date, 0, daily_limit, hourly_limit, quiet_hours_enabled, %(now)s
  FROM new
    ON CONFLICT (user_id, date) DO UPDATE
   SET daily_limit = excluded.daily_limit, hourly_limit = excluded.hourly_limit,
       quiet_hours_enabled = excluded.quiet_hours_enabled
