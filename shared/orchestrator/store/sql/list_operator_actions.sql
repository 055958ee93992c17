-- list_operator_actions.sql: list a page of what operators did, newest first, of one person or of all.
SELECT id, at, operator, database_role, action, target, user_id, change, reason
  FROM orchestrator.operator_actions
 WHERE id < %(before)s AND (%(user_id)s::uuid IS NULL OR user_id = %(user_id)s)
 ORDER BY id DESC
 LIMIT %(limit)s
