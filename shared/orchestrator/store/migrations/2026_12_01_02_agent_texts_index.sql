-- concurrently: the texts that count against the hourly limit of agents, by group and time (R13).
CREATE INDEX CONCURRENTLY IF NOT EXISTS attempts_of_agent_groups ON orchestrator.attempts (agent_group, started_at) WHERE agent_group IS NOT NULL;
