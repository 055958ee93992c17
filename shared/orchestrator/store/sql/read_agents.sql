-- read_agents.sql: return the settings of agents, by prefix.
SELECT prefix, may_use_urgent, hourly_limit, publishers, urgent_at_night, purpose, needs_approval
  FROM orchestrator.agents
 ORDER BY prefix
