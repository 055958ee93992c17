-- ended.sql: the newest messages in a final status.
SELECT q.id AS message_id, coalesce(u.first_name, u.external_id, u.phone_number) AS person,
       q.agent_id, q.status, q.reason, q.priority AS lane
  FROM message_queue q
  JOIN users u ON u.id = q.user_id
 WHERE q.accepted_at IS NOT NULL AND q.status NOT IN ('queued', 'approved', 'sending')
 ORDER BY q.created_at DESC, q.id DESC
 LIMIT %(most)s
