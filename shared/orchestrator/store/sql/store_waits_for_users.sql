-- store_waits_for_users.sql: store which messages wait for their user to be created, and until when.
INSERT INTO orchestrator.waits_for_users (message_id, agent_id, since, until)
SELECT w.message_id, w.agent_id, %(now)s, w.until
  FROM unnest(%(message_id)s::uuid[], %(agent_id)s::text[], %(until)s::timestamptz[]) AS w (message_id, agent_id, until)
    ON CONFLICT (message_id) DO NOTHING
