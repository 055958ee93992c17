-- pause.sql: paused twice is paused once.
INSERT INTO orchestrator.pauses (scope, value, note, paused_at) VALUES (%(scope)s, %(value)s, %(note)s, %(now)s)
    ON CONFLICT DO NOTHING
