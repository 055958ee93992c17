-- is_in_scope.sql: return whether an agent is one of those that a prefix names.
SELECT EXISTS (SELECT FROM orchestrator.scope_of(%(agent_id)s::text, %(scope)s::text))
