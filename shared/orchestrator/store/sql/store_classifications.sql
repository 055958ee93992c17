-- store_classifications.sql: what inbound texts were taken for, now that somebody has read them; an event that is not told yet
-- says so.
WITH judged AS (
    UPDATE orchestrator.readings r
       SET kind = j.kind, judged_by = j.judged_by
      FROM unnest(%(inbound_id)s::uuid[], %(kind)s::text[], %(judged_by)s::text[]) AS j (inbound_id, kind, judged_by)
     WHERE r.inbound_id = j.inbound_id AND r.kind = 'unjudged'
    RETURNING r.inbound_id, r.kind
)
UPDATE orchestrator.events e
   SET detail = e.detail || jsonb_build_object('kind', judged.kind)
  FROM judged
 WHERE e.message_id = judged.inbound_id AND e.type = 'reply.received'
