-- insert_pause.sql: pause a scope; a scope that is paused stays as it is.
INSERT INTO orchestrator.pauses (scope, value, note, paused_at) VALUES (%(scope)s, %(value)s, %(note)s, %(now)s)
    ON CONFLICT DO NOTHING
