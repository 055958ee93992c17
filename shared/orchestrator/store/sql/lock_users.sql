-- lock_users.sql: lock people one after the other in id order, so that no two waves wait for each other. A STOP takes
-- the same locks: it comes wholly before a reservation or wholly after it.
SELECT 1 FROM users WHERE id = ANY (%(user_ids)s::uuid[]) ORDER BY id FOR NO KEY UPDATE
