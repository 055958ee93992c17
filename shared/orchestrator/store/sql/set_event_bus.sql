-- set_event_bus.sql: while a bus is configured, what happens is written into the outbox.
WITH gone AS (
    DELETE FROM orchestrator.event_bus WHERE name IS DISTINCT FROM %(event_bus)s::text
)
INSERT INTO orchestrator.event_bus (name)
SELECT %(event_bus)s::text WHERE %(event_bus)s::text IS NOT NULL
    ON CONFLICT DO NOTHING
