-- read_replies.sql: return what a person wrote after a time, oldest first, each text with the message that it answers. In
-- a scope, only answers to messages of its agents.
SELECT t.id AS reply_id, t.created_at AS written_at, t.content AS words,
       CASE r.kind WHEN 'unjudged' THEN 'unread' ELSE coalesce(r.kind, 'conversation') END AS kind,
       q.id AS answers, q.agent_id, candidates.ids AS may_answer
  FROM messages t
  LEFT JOIN orchestrator.readings r ON r.inbound_id = t.id
 CROSS JOIN LATERAL orchestrator.answered_message(t.id, t.user_id, t.created_at) answered
  LEFT JOIN message_queue q
    ON q.id = answered.message_id AND EXISTS (SELECT FROM orchestrator.scope_of(q.agent_id, %(scope)s::text))
 CROSS JOIN LATERAL (
        -- Where questions of several agents were open, it is linked to none of them.
        SELECT coalesce(array_agg(c.id ORDER BY c.id), '{}') AS ids
          FROM message_queue c
         WHERE c.id = ANY (r.may_answer) AND EXISTS (SELECT FROM orchestrator.scope_of(c.agent_id, %(scope)s::text))
       ) candidates
 WHERE t.user_id = %(user_id)s::uuid AND t.direction = 'inbound' AND t.role = 'user'
   AND t.created_at > %(since)s::timestamptz AND t.created_at <= %(now)s
   AND (t.created_at, t.id) > (%(after)s::timestamptz, %(after_id)s::uuid)
   AND (%(scope)s::text IS NULL OR q.id IS NOT NULL OR candidates.ids <> '{}')
   AND (%(message_id)s::uuid IS NULL OR q.id = %(message_id)s::uuid OR %(message_id)s::uuid = ANY (candidates.ids))
 ORDER BY t.created_at, t.id
 LIMIT %(limit)s
