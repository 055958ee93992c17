-- list_rejections.sql: list the newest bodies that were not accepted, of the agents with a prefix or of all.
SELECT message_id, agent_id, reason, field, problem, rejected_at
  FROM orchestrator.rejections
 WHERE (%(agent)s::text IS NULL OR starts_with(lower(agent_id), %(agent)s))
   AND (%(since)s::timestamptz IS NULL OR rejected_at >= %(since)s)
 ORDER BY rejected_at DESC, sqs_message_id
 LIMIT %(limit)s
