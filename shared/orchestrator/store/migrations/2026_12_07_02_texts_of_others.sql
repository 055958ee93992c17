-- The texts that another sender sent to people in the last 60 minutes: they count for the hourly limit, too (R2). A text of
-- ours has an attempt with its id, and a reply row one that names it.
CREATE FUNCTION orchestrator.texts_of_others(people uuid[], until timestamptz) RETURNS TABLE (sent_at timestamptz) AS $$
    SELECT coalesce(m.sent_at, m.created_at)
      FROM messages m
     WHERE m.user_id = ANY (people) AND m.direction = 'outbound' AND m.status IN ('sent', 'delivered', 'queued_for_send')
       AND coalesce(m.sent_at, m.created_at) > until - interval '60 minutes'
       AND NOT EXISTS (SELECT FROM orchestrator.attempts a WHERE a.id = m.id)
       AND NOT EXISTS (SELECT FROM orchestrator.attempts a WHERE a.message_id = m.id)
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.texts_of_others(uuid[], timestamptz) FROM PUBLIC;
