-- delete_events.sql: delete events that their target has accepted.
DELETE FROM orchestrator.events WHERE id = ANY (%(ids)s::uuid[])
