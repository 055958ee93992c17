-- remove_agent.sql: delete the settings of a prefix, so that the defaults apply.
DELETE FROM orchestrator.agents WHERE prefix = %(prefix)s
