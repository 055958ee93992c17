-- insert_pause.sql: pause a scope; a scope that is paused stays as it is.
INSERT INTO orchestrator.pauses (scope, value, paused_by, note, paused_at)
VALUES (%(scope)s, %(value)s, %(paused_by)s, %(note)s, %(now)s)
    ON CONFLICT DO NOTHING
