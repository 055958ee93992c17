-- resolve_unread_texts.sql: after a STOP or a START, what the person wrote before it no longer needs to be read (R11). An
-- event that its target does not have yet gets the classification too.
WITH texts AS (
    UPDATE orchestrator.readings r
       SET kind = 'conversation', judged_by = 'next_word'
      FROM unnest(%(phone_number)s::text[], %(at)s::timestamptz[]) AS words (phone_number, at)
     WHERE r.phone_number = words.phone_number AND r.kind = 'unjudged' AND r.received_at <= words.at
    RETURNING r.inbound_id
)
UPDATE orchestrator.events e
   SET detail = e.detail || jsonb_build_object('kind', 'conversation')
  FROM texts
 WHERE e.message_id = texts.inbound_id AND e.type = 'reply.received'
