-- lock_users_of_attempts.sql: lock the people of these attempts, as the reservation did, before their outcomes are
-- settled.
SELECT 1 FROM users
 WHERE id IN (SELECT user_id FROM orchestrator.attempts WHERE id = ANY (%(attempt_id)s::uuid[]))
 ORDER BY id
   FOR NO KEY UPDATE
