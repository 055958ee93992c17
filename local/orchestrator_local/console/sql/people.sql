-- people.sql: one page of people, and the number of all that match: a whole name, id or number before a part of one.
-- Deleted persons are left out.
SELECT id::text, count(*) OVER () AS total
  FROM users
 WHERE phone_number NOT LIKE 'forgotten-%%'
   AND (%(search)s = '' OR concat_ws(' ', first_name, external_id, phone_number) ILIKE '%%' || %(search)s || '%%')
 ORDER BY lower(%(search)s) IN (lower(first_name), lower(external_id), phone_number) IS TRUE DESC, created_at, id
 LIMIT %(size)s OFFSET %(skip)s
