-- Events for agents on the event bus, and what stays of a deleted person.

-- The outbox of events: written in the transaction of what happened, deleted once the bus has accepted them.
CREATE TABLE orchestrator.events (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    type text NOT NULL,                   -- message.sent, message.delivered, ...; docs/events.md has them all
    user_id uuid NOT NULL,
    message_id uuid,
    detail jsonb NOT NULL DEFAULT '{}',
    at timestamptz NOT NULL,
    leased_until timestamptz              -- until when a worker may take to publish it
);
CREATE INDEX events_by_time ON orchestrator.events (at);

-- One row while a bus is configured; without it no event is written.
CREATE TABLE orchestrator.event_bus (name text PRIMARY KEY);

-- Writes the events of messages that failed or were superseded, from the timeline, which records each end.
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

-- Opted-out numbers of deleted people, as keyed hashes, so that they stay opted out.
CREATE TABLE orchestrator.forgotten_opt_outs (
    number_hash text PRIMARY KEY,
    opted_out_at timestamptz NOT NULL
);
