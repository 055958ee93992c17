-- insert_operator_action.sql: record what an operator did, in the transaction that did it.
INSERT INTO orchestrator.operator_actions (id, at, operator, action, target, user_id, change, reason)
VALUES (%(id)s, %(now)s, %(operator)s, %(action)s, %(target)s, %(user_id)s, %(change)s::jsonb, %(reason)s)
