-- lock_owners.sql: the lock that a reservation takes, for what these numbers say: a STOP comes wholly before or after one.
SELECT 1 FROM users WHERE phone_number = ANY (%(phone_number)s::text[]) ORDER BY id FOR NO KEY UPDATE
