-- create_reformulation_tasks.sql: create a task for the agent of each message that is to be reformulated, unless the
-- message has an open one (R10).
INSERT INTO agent_tasks (task_type, agent_type, user_id, context_id, context_type, scheduled_for, priority, status,
                         context_json, created_by, created_at)
SELECT 'reformulate_message', left(split_part(m.agent_id, '_', 1), 50), m.user_id, m.id, 'message_queue', %(now)s,
       'high', 'pending',
       v.task || jsonb_build_object('message_id', m.id, 'agent_id', m.agent_id, 'message_data', m.message_data,
                                    'words', m.final_message, 'topic', m.topic, 'priority', m.priority,
                                    'supersedes_message_id', m.id, 'deadline', least(%(until)s, m.expires_at),
                                    -- What the agents of the former system read.
                                    'original_message_id', m.id, 'original_message_data', m.message_data,
                                    'reason', 'context_changed'),
       'message_orchestrator', %(now)s
  FROM unnest(%(message_id)s::uuid[], %(task)s::jsonb[]) AS v (message_id, task)
  JOIN message_queue m ON m.id = v.message_id
 WHERE v.task IS NOT NULL
   AND NOT EXISTS (
       SELECT FROM agent_tasks t
        WHERE t.context_id = m.id AND t.task_type = 'reformulate_message' AND t.status = 'pending'
   )
