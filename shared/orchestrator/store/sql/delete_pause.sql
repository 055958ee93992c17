-- delete_pause.sql: resume a scope; what waited is due as before.
DELETE FROM orchestrator.pauses WHERE scope = %(scope)s AND value = %(value)s
