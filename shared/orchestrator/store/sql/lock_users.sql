-- lock_users.sql: lock people one after the other in id order, so that no two waves wait for each other. A STOP takes
-- the same locks: it comes wholly before a reservation or wholly after it. People who share a number are
-- locked together, because they share its limits.
SELECT 1
  FROM users
 WHERE id IN (
           SELECT unnest(%(user_ids)s::uuid[])
            UNION
           SELECT sharer.user_id
             FROM users u
            CROSS JOIN LATERAL (
                   -- OFFSET: by the index, where a join would read the number of every person of a small table.
                   SELECT p.user_id FROM orchestrator.people_of(orchestrator.e164_of(u.phone_number)) p OFFSET 0
                  ) sharer
            WHERE u.id = ANY (%(user_ids)s::uuid[])
       )
 ORDER BY id
   FOR NO KEY UPDATE
