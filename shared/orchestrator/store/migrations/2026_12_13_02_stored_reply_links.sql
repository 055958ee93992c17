-- The message that an inbound text answers: the stored link. A STOP, and a text that we did not take in, answer the last
-- text before them; other texts without a link, such as HELP and automatic answers, answer none.
CREATE OR REPLACE FUNCTION orchestrator.answered_message(inbound uuid, person uuid, written_at timestamptz)
RETURNS TABLE (message_id uuid) AS $$
    SELECT coalesce(r.in_reply_to, CASE WHEN coalesce(r.kind, 'stop') = 'stop' THEN last.message_id END)
      FROM (SELECT inbound AS id) AS text
      LEFT JOIN orchestrator.readings r ON r.inbound_id = text.id
      LEFT JOIN LATERAL orchestrator.last_text_to(person, written_at) last ON true
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.answered_message(uuid, uuid, timestamptz) FROM PUBLIC;
