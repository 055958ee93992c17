-- remove_agent.sql: the defaults hold again.
DELETE FROM orchestrator.agents WHERE prefix = %(prefix)s
