-- list_waiting_messages.sql: list the oldest waiting messages of each lane, with how many wait in that lane.
SELECT priority, message_id, person, agent_id, status, reason, due, since, of_lane
  FROM (
        SELECT m.priority, m.id AS message_id, coalesce(u.external_id, u.id::text) AS person, m.agent_id, m.status,
               m.reason, m.scheduled_for AS due, m.accepted_at AS since,
               count(*) OVER (PARTITION BY m.priority) AS of_lane,
               row_number() OVER (PARTITION BY m.priority ORDER BY m.accepted_at, m.id) AS place
          FROM message_queue m
          JOIN users u ON u.id = m.user_id
         WHERE m.accepted_at IS NOT NULL AND (m.status IN ('queued', 'approved') OR m.status = 'sending')
           AND (%(user_id)s::uuid IS NULL OR m.user_id = %(user_id)s)
       ) ranking
 WHERE %(per_lane)s::bigint IS NULL OR place <= %(per_lane)s
 ORDER BY array_position(%(lanes)s::text[], priority::text), place
