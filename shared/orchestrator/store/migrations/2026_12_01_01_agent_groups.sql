-- Agents are counted in groups (R13): those whose settings have the same prefix; an agent that published before this
-- migration, alone; and the others by the publisher that speaks for them, who share the start limit.
ALTER TABLE message_queue ADD COLUMN IF NOT EXISTS published_by text;
ALTER TABLE orchestrator.attempts ADD COLUMN IF NOT EXISTS agent_group text;
ALTER TABLE orchestrator.attempts ADD COLUMN IF NOT EXISTS agent_texts int;

CREATE TABLE orchestrator.known_agents (
    agent_id text PRIMARY KEY  -- trimmed, in lower case
);
-- Agents are few and publish often: the first rows of a large table name them.
INSERT INTO orchestrator.known_agents (agent_id)
SELECT DISTINCT lower(btrim(former.agent_id))
  FROM (
        SELECT agent_id FROM orchestrator.agent_rates
         UNION ALL
        (SELECT agent_id::text FROM message_queue LIMIT 200000)
         UNION ALL
        (SELECT role::text FROM messages WHERE direction = 'outbound' LIMIT 200000)
       ) former
 WHERE btrim(former.agent_id) <> '';

-- The group of an agent and the AWS identity that speaks for it, and how many texts the group may send in any 60
-- minutes; null means no limit. A space keeps the group of a publisher apart from prefixes and ids.
CREATE FUNCTION orchestrator.agent_group(agent text, author text, start_limit int)
RETURNS TABLE (key text, hourly_limit int) AS $$
    SELECT coalesce(settings.prefix, known.agent_id, 'publisher ' || coalesce(author, '')),
           CASE WHEN settings.prefix IS NOT NULL THEN settings.hourly_limit
                WHEN known.agent_id IS NULL THEN start_limit
           END
      FROM (SELECT lower(agent) AS id) AS normal
      LEFT JOIN LATERAL (
            SELECT a.prefix, a.hourly_limit
              FROM orchestrator.agents a
             WHERE starts_with(normal.id, a.prefix)
             ORDER BY length(a.prefix) DESC
             LIMIT 1
           ) settings ON true
      LEFT JOIN orchestrator.known_agents known ON known.agent_id = normal.id
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.agent_group(text, text, int) FROM PUBLIC;

-- The texts of a group in the last 60 minutes; a sequence stands with all its parts where its first part went.
CREATE FUNCTION orchestrator.agent_texts(agents text, at timestamptz)
RETURNS TABLE (started_at timestamptz, texts int) AS $$
    SELECT a.started_at, a.agent_texts
      FROM orchestrator.attempts a
     WHERE a.agent_group = agents AND a.started_at > at - interval '60 minutes'
       AND (a.outcome IS NULL OR a.outcome IN ('accepted', 'unknown'))
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.agent_texts(text, timestamptz) FROM PUBLIC;

-- The throttle holds a group: a new id under the same prefix does not escape it.
CREATE OR REPLACE FUNCTION orchestrator.pauses_of(lane text, agent text, person uuid, at timestamptz)
RETURNS TABLE (scope text, value text) AS $$
    SELECT p.scope, p.value
      FROM orchestrator.pauses p
     WHERE (p.ends_at IS NULL OR p.ends_at > at)
       AND CASE p.scope
           WHEN 'everything' THEN true
           WHEN 'provider' THEN true
           WHEN 'lane' THEN p.value = lane
           WHEN 'busy' THEN p.value = lane
           WHEN 'spending' THEN lane <> 'urgent' OR p.value = 'urgent'
           WHEN 'agent' THEN starts_with(lower(agent), lower(p.value))
           WHEN 'brake' THEN EXISTS (
               SELECT FROM orchestrator.agent_group(agent, NULL, NULL) g WHERE g.key = lower(p.value)
           )
           WHEN 'user' THEN p.value = person::text
           END
$$ LANGUAGE sql STABLE;
