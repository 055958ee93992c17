-- store_classifications.sql: store what inbound texts were classified as. An event that its target does not have yet
-- gets the classification too.
WITH texts AS (
    UPDATE orchestrator.readings r
       SET kind = c.kind, judged_by = c.judged_by
      FROM unnest(%(inbound_id)s::uuid[], %(kind)s::text[], %(judged_by)s::text[]) AS c (inbound_id, kind, judged_by)
     WHERE r.inbound_id = c.inbound_id AND r.kind = 'unjudged'
    RETURNING r.inbound_id, r.kind
)
UPDATE orchestrator.events e
   SET detail = e.detail || jsonb_build_object('kind', texts.kind)
  FROM texts
 WHERE e.message_id = texts.inbound_id AND e.type = 'reply.received'
