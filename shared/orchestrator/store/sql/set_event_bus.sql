-- set_event_bus.sql: record the configured event bus; while there is one, statements write events into the outbox.
WITH former_bus AS (
    DELETE FROM orchestrator.event_bus WHERE name IS DISTINCT FROM %(event_bus)s::text
)
INSERT INTO orchestrator.event_bus (name)
SELECT %(event_bus)s::text WHERE %(event_bus)s::text IS NOT NULL
    ON CONFLICT DO NOTHING
