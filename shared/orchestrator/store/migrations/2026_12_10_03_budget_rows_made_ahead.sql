-- East of Greenwich a person's day begins before the UTC day of the same date, and so does its budget row. An owner who
-- changes the limits of CURRENT_DATE meanwhile changes those of that row, too, or they would last until midnight in UTC
-- alone (R1).
CREATE FUNCTION orchestrator.keep_limits_alike() RETURNS trigger AS $$
BEGIN
    UPDATE public.user_message_budget later
       SET daily_limit = CASE WHEN later.daily_limit IS NOT DISTINCT FROM old.daily_limit
                              THEN new.daily_limit ELSE later.daily_limit END,
           hourly_limit = CASE WHEN later.hourly_limit IS NOT DISTINCT FROM old.hourly_limit
                               THEN new.hourly_limit ELSE later.hourly_limit END,
           quiet_hours_enabled = CASE WHEN later.quiet_hours_enabled IS NOT DISTINCT FROM old.quiet_hours_enabled
                                      THEN new.quiet_hours_enabled ELSE later.quiet_hours_enabled END
     WHERE later.user_id = new.user_id AND later.date = new.date + 1
       AND later.created_at < (later.date::timestamp AT TIME ZONE 'UTC');
    RETURN NULL;
END
$$ LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION orchestrator.keep_limits_alike() FROM PUBLIC;

CREATE TRIGGER zz_orchestrator_keep_limits_alike
    AFTER UPDATE OF daily_limit, hourly_limit, quiet_hours_enabled ON public.user_message_budget FOR EACH ROW
    WHEN ((new.daily_limit, new.hourly_limit, new.quiet_hours_enabled)
          IS DISTINCT FROM (old.daily_limit, old.hourly_limit, old.quiet_hours_enabled))
    EXECUTE FUNCTION orchestrator.keep_limits_alike();
