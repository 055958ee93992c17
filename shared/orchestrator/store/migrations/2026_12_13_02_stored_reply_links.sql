-- The message that an inbound text answers: the stored link; for a text without one, the last text before it, unless
-- several questions were open.
CREATE OR REPLACE FUNCTION orchestrator.answered_message(inbound uuid, person uuid, written_at timestamptz)
RETURNS TABLE (message_id uuid) AS $$
    SELECT coalesce(r.in_reply_to, CASE WHEN r.may_answer IS NULL THEN last.message_id END)
      FROM (SELECT inbound AS id) AS text
      LEFT JOIN orchestrator.readings r ON r.inbound_id = text.id
      LEFT JOIN LATERAL orchestrator.last_text_to(person, written_at) last ON true
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.answered_message(uuid, uuid, timestamptz) FROM PUBLIC;
