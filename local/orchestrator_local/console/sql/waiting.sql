-- waiting.sql: the next of each lane to go, and how many wait in each.
SELECT lane, m.id AS message_id, m.person, m.agent_id, m.status, m.reason, m.due, m.data,
       (SELECT count(*) FROM message_queue c
         WHERE c.accepted_at IS NOT NULL AND c.status IN ('queued', 'approved', 'sending') AND c.priority = lane) AS of_lane
  FROM unnest(%(lanes)s::text[]) WITH ORDINALITY AS lanes (lane, place)
 CROSS JOIN LATERAL (
        SELECT q.id, coalesce(u.first_name, u.external_id, u.phone_number) AS person, q.agent_id, q.status, q.reason,
               q.scheduled_for AS due, q.message_data AS data
          FROM message_queue q
          JOIN users u ON u.id = q.user_id
         WHERE q.accepted_at IS NOT NULL AND q.status IN ('queued', 'approved', 'sending') AND q.priority = lane
         ORDER BY q.scheduled_for, q.id
         LIMIT %(size)s OFFSET %(skip)s
       ) m
 ORDER BY place, due, message_id
