-- delete_events.sql: the bus has these.
DELETE FROM orchestrator.events WHERE id = ANY (%(ids)s::uuid[])
