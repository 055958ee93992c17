-- lock_users.sql: one user after the other in id order, so that no two waves can wait for each other.
-- A STOP takes the same lock: it comes wholly before a reservation, or wholly after it.
SELECT 1 FROM users WHERE id = ANY (%(user_ids)s::uuid[]) ORDER BY id FOR NO KEY UPDATE
