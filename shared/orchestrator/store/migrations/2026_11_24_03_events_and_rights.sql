-- What agents hear of on the event bus, and what stays of a person who asked to be forgotten.

-- The outbox: written with what it tells of, and emptied once the bus has it.
CREATE TABLE orchestrator.events (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    type text NOT NULL,                   -- message.sent, message.delivered, ...; docs/events.md has them all
    user_id uuid NOT NULL,
    message_id uuid,
    detail jsonb NOT NULL DEFAULT '{}',
    at timestamptz NOT NULL,
    leased_until timestamptz              -- a worker is telling the bus
);
CREATE INDEX events_by_time ON orchestrator.events (at);

-- A row while a bus is configured; without one, nothing is written into the outbox.
CREATE TABLE orchestrator.event_bus (name text PRIMARY KEY);

-- The ends of messages are told from the timeline, which records each of them.
CREATE FUNCTION orchestrator.tell_ends() RETURNS trigger AS $$
BEGIN
    IF EXISTS (SELECT FROM orchestrator.event_bus) THEN
        INSERT INTO orchestrator.events (type, user_id, message_id, detail, at)
        SELECT 'message.' || t.status, m.user_id, t.message_id, jsonb_build_object('reason', t.reason), t.at
          FROM told t
          JOIN message_queue m ON m.id = t.message_id
         WHERE t.status IN ('failed', 'superseded');
    END IF;
    RETURN NULL;
END
$$ LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT;
CREATE TRIGGER tell_ends AFTER INSERT ON orchestrator.timeline
    REFERENCING NEW TABLE AS told FOR EACH STATEMENT EXECUTE FUNCTION orchestrator.tell_ends();

-- Opted-out numbers of people who were forgotten: a keyed hash, so that they stay opted out.
CREATE TABLE orchestrator.forgotten_opt_outs (
    number_hash text PRIMARY KEY,
    opted_out_at timestamptz NOT NULL
);
