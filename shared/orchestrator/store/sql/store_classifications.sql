-- store_classifications.sql: store what inbound texts were classified as. A wish to stop, or to get help, answers no
-- text. An event that its target does not have yet gets all of it too.
WITH texts AS (
    UPDATE orchestrator.readings r
       SET kind = c.kind, judged_by = c.judged_by,
           in_reply_to = CASE c.kind WHEN 'conversation' THEN r.in_reply_to END,
           may_answer = CASE c.kind WHEN 'conversation' THEN r.may_answer END
      FROM unnest(%(inbound_id)s::uuid[], %(kind)s::text[], %(judged_by)s::text[]) AS c (inbound_id, kind, judged_by)
     WHERE r.inbound_id = c.inbound_id AND r.kind = 'unjudged'
    RETURNING r.inbound_id, r.kind
)
UPDATE orchestrator.events e
   SET detail = e.detail || jsonb_build_object('kind', texts.kind)
             || CASE texts.kind WHEN 'conversation' THEN '{}'
                     ELSE '{"in_reply_to": null, "agent_id": null, "candidates": null}'
                END::jsonb
  FROM texts
 WHERE e.message_id = texts.inbound_id AND e.type = 'reply.received'
