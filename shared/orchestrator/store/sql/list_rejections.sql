-- list_rejections.sql: list a page of what was not accepted, below a time and an id, newest first.
SELECT r.sqs_message_id, r.message_id, r.agent_id, r.reason, r.problem, r.rejected_at
  FROM orchestrator.rejections r
 WHERE (r.rejected_at, r.sqs_message_id) < (coalesce(%(before)s::timestamptz, 'infinity'), %(before_id)s)
 ORDER BY r.rejected_at DESC, r.sqs_message_id DESC
 LIMIT %(limit)s
