-- lock_users_of_attempts.sql: the lock that a reservation takes, for what settles one.
SELECT 1 FROM users
 WHERE id IN (SELECT user_id FROM orchestrator.attempts WHERE id = ANY (%(attempt_id)s::uuid[]))
 ORDER BY id
   FOR NO KEY UPDATE
