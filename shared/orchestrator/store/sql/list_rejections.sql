-- list_rejections.sql: list a page of what was not accepted, below a time and an id, newest first; of the agents with a
-- prefix or of all.
SELECT r.sqs_message_id, r.message_id, r.agent_id, r.reason, r.field, r.problem, r.rejected_at
  FROM orchestrator.rejections r
 WHERE (r.rejected_at, r.sqs_message_id) < (coalesce(%(before)s::timestamptz, 'infinity'), %(before_id)s)
   AND (%(agent)s::text IS NULL OR starts_with(lower(r.agent_id), %(agent)s))
   AND (%(since)s::timestamptz IS NULL OR r.rejected_at >= %(since)s)
 ORDER BY r.rejected_at DESC, r.sqs_message_id DESC
 LIMIT %(limit)s
