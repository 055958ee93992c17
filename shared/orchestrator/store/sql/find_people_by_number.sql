-- find_people_by_number.sql: whose numbers these are.
SELECT phone_number, id, timezone FROM users WHERE phone_number = ANY (%(numbers)s::text[])
