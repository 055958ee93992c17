-- store_rejections.sql: store bodies that were not accepted, with the reason, and the event that reports each to its
-- agent. A redelivery of SQS changes nothing.
WITH rejected AS (
    SELECT *
      FROM unnest(%(sqs_message_id)s::text[], %(message_id)s::uuid[], %(agent_id)s::text[], %(reason)s::text[],
                  %(field)s::text[], %(problem)s::text[], %(fix)s::text[], %(action)s::text[], %(user_id)s::uuid[])
        AS r (sqs_message_id, message_id, agent_id, reason, field, problem, fix, action, user_id)
), rejections AS (
    INSERT INTO orchestrator.rejections (sqs_message_id, message_id, agent_id, reason, field, problem, rejected_at)
    SELECT sqs_message_id, message_id, agent_id, reason, field, problem, %(now)s FROM rejected
        ON CONFLICT DO NOTHING
    RETURNING sqs_message_id
)
INSERT INTO orchestrator.events (type, user_id, message_id, detail, at)
SELECT 'message.rejected', user_id, message_id,
       jsonb_build_object('agent_id', agent_id, 'action', action, 'reason', reason, 'field', field, 'fix', fix), %(now)s
  FROM rejected
 WHERE sqs_message_id IN (SELECT sqs_message_id FROM rejections) AND EXISTS (SELECT FROM orchestrator.event_bus)
