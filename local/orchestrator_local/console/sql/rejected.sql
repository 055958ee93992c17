-- rejected.sql: the messages that were rejected last.
SELECT sqs_message_id, message_id, agent_id, reason, problem, rejected_at
  FROM orchestrator.rejections
 ORDER BY rejected_at DESC, sqs_message_id
 LIMIT %(most)s
