-- ended.sql: the messages that ended last, with the time of their end. What is sent may have no entry in the timeline.
SELECT q.id AS message_id, coalesce(u.first_name, u.external_id, u.phone_number) AS person,
       q.agent_id, q.status, q.reason, q.priority AS lane, coalesce(q.message_data->>'type', 'message') AS type,
       coalesce(q.sent_at, ending.at, q.created_at) AS ended_at
  FROM message_queue q
  JOIN users u ON u.id = q.user_id
  LEFT JOIN LATERAL (SELECT max(t.at) AS at FROM orchestrator.timeline t WHERE t.message_id = q.id) ending ON true
 WHERE q.accepted_at IS NOT NULL AND q.status NOT IN ('queued', 'approved', 'sending')
 ORDER BY ended_at DESC, q.id DESC
 LIMIT %(most)s
