-- A person's limits: those of the UTC day, which is CURRENT_DATE of an owner's own SQL, or else of the newest row before
-- it (R1). A row of a later day is that of a local day that has begun east of Greenwich; it counts where no other is.
CREATE FUNCTION orchestrator.limits_of(person uuid, today date)
RETURNS TABLE (date date, daily_limit int, hourly_limit int, quiet_hours_enabled boolean) AS $$
    SELECT b.date, b.daily_limit, b.hourly_limit, b.quiet_hours_enabled
      FROM user_message_budget b
     WHERE b.user_id = person
       AND b.date = coalesce(
               (SELECT max(t.date) FROM user_message_budget t WHERE t.user_id = person AND t.date <= today),
               (SELECT max(t.date) FROM user_message_budget t WHERE t.user_id = person)
           )
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.limits_of(uuid, date) FROM PUBLIC;
