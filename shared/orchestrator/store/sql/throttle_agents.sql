-- throttle_agents.sql: make groups of agents far above their usual rate wait for an hour, and longer while they stay
-- above it (R13).
INSERT INTO orchestrator.pauses AS p (scope, value, note, paused_at, ends_at)
SELECT 'brake', agent_group, note, %(now)s, %(now)s + interval '1 hour'
  FROM unnest(%(agent_group)s::text[], %(note)s::text[]) AS b (agent_group, note)
    ON CONFLICT (scope, value) DO UPDATE
   SET note = excluded.note, ends_at = excluded.ends_at,
       paused_at = CASE WHEN p.ends_at <= %(now)s THEN excluded.paused_at ELSE p.paused_at END
