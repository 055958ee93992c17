-- find_people.sql: the user behind each reference: our id first, then the caller's own.
SELECT wanted.reference, u.id AS user_id, u.phone_number
  FROM unnest(%(references)s::text[]) AS wanted (reference)
 CROSS JOIN LATERAL (
        SELECT id, phone_number FROM users
         WHERE id = CASE WHEN wanted.reference ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN wanted.reference::uuid END
        UNION ALL
        SELECT id, phone_number FROM users WHERE external_id = wanted.reference
         LIMIT 1
       ) u
