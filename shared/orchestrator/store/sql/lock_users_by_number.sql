-- lock_users_by_number.sql: lock the people who have these numbers: a STOP comes wholly before a reservation or wholly
-- after it.
SELECT 1
  FROM users
 WHERE orchestrator.e164(phone_number) = ANY (%(phone_number)s::text[])
 ORDER BY id
   FOR NO KEY UPDATE
