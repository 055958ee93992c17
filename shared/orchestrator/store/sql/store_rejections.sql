-- store_rejections.sql: store bodies that were not accepted, with the reason.
INSERT INTO orchestrator.rejections (sqs_message_id, message_id, agent_id, reason, field, problem, rejected_at)
SELECT r.*, %(now)s
  FROM unnest(%(sqs_message_id)s::text[], %(message_id)s::uuid[], %(agent_id)s::text[], %(reason)s::text[],
              %(field)s::text[], %(problem)s::text[]) AS r
    ON CONFLICT DO NOTHING
