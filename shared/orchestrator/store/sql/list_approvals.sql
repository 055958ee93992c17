-- list_approvals.sql: return the messages whose words wait for an operator's approval, oldest first.
SELECT m.id AS message_id, m.agent_id, m.published_by, m.user_id, u.external_id, m.final_message AS words, m.segments,
       m.accepted_at, m.expires_at, coalesce(m.is_reply, false) AS is_reply
  FROM message_queue m
  JOIN users u ON u.id = m.user_id
 WHERE m.reason = 'approval' AND m.status = 'queued' AND m.accepted_at IS NOT NULL
   AND m.final_message IS NOT NULL  -- a later part of a sequence has no words before its turn
   AND (%(message_id)s::uuid IS NULL OR m.id = %(message_id)s::uuid)
 ORDER BY m.accepted_at, m.id
 LIMIT %(limit)s
