-- A role with few rights gains none through this product (G12).

-- Writes the events of messages that failed or were superseded. As a SECURITY DEFINER function it names every schema, and
-- temporary objects of the caller come last in its path
-- (https://www.postgresql.org/docs/current/sql-createfunction.html, "Writing SECURITY DEFINER Functions Safely").
CREATE OR REPLACE FUNCTION orchestrator.tell_ends() RETURNS trigger AS $$
BEGIN
    IF EXISTS (SELECT FROM orchestrator.event_bus) THEN
        INSERT INTO orchestrator.events (type, user_id, message_id, detail, at)
        SELECT 'message.' || t.status, m.user_id, t.message_id, jsonb_build_object('reason', t.reason), t.at
          FROM told t
          JOIN public.message_queue m ON m.id = t.message_id
         WHERE t.status IN ('failed', 'superseded');
    END IF;
    RETURN NULL;
END
$$ LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
