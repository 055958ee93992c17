-- find_people_by_number.sql: return the people who have these numbers now.
SELECT phone_number, id, timezone FROM users WHERE phone_number = ANY (%(numbers)s::text[])
