-- A text of another sender counts for the hourly limit (R2) whatever its status, where the row has a trace of it: a time, an
-- id of Twilio, or a place among the rows that an old sender may have sent and never marked. A failed one does not count.
CREATE OR REPLACE FUNCTION orchestrator.texts_of_others(people uuid[], until timestamptz)
RETURNS TABLE (sent_at timestamptz) AS $$
    SELECT coalesce(m.sent_at, m.created_at)
      FROM messages m
     WHERE m.user_id = ANY (people) AND m.direction = 'outbound'
       AND coalesce(m.sent_at, m.created_at) > until - interval '60 minutes'
       AND (m.status IN ('sent', 'delivered', 'queued_for_send')
            OR m.status IS DISTINCT FROM 'failed'
               AND (m.sent_at IS NOT NULL OR m.twilio_message_sid IS NOT NULL
                    OR EXISTS (SELECT FROM orchestrator.left_alone l WHERE l.message_id = m.id)))
       AND NOT EXISTS (SELECT FROM orchestrator.attempts a WHERE a.id = m.id)
       AND NOT EXISTS (SELECT FROM orchestrator.attempts a WHERE a.message_id = m.id)
$$ LANGUAGE sql STABLE;
