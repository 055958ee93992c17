-- delete_events.sql: delete events that the event bus has accepted.
DELETE FROM orchestrator.events WHERE id = ANY (%(ids)s::uuid[])
