-- waiting.sql: one page of the waiting messages of a lane by due time, and the number of all that wait in it.
SELECT q.id AS message_id, coalesce(u.first_name, u.external_id, u.phone_number) AS person,
       q.agent_id, q.status, q.reason, q.scheduled_for AS due,
       coalesce(q.message_data->>'type', 'message') AS type,
       (SELECT count(*) FROM message_queue c
         WHERE c.accepted_at IS NOT NULL AND c.status IN ('queued', 'approved', 'sending')
           AND c.priority = %(lane)s) AS total
  FROM message_queue q
  JOIN users u ON u.id = q.user_id
 WHERE q.accepted_at IS NOT NULL AND q.status IN ('queued', 'approved', 'sending') AND q.priority = %(lane)s
 ORDER BY q.scheduled_for, q.id
 LIMIT %(size)s OFFSET %(skip)s
