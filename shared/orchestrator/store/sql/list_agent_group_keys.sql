-- list_agent_group_keys.sql: list the keys of groups of agents that have settings, or published in the last seven days, above
-- a key (R13).
SELECT groups.key
  FROM (
        SELECT prefix AS key FROM orchestrator.agents
         UNION
        SELECT agent_id FROM orchestrator.agent_rates WHERE span > %(now)s - interval '7 days'
       ) groups
 WHERE groups.key > %(after)s
 ORDER BY groups.key
 LIMIT %(limit)s
