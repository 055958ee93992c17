-- Which of our texts an inbound text answers; where questions of several agents are open, all of them and none.
ALTER TABLE orchestrator.readings ADD COLUMN IF NOT EXISTS in_reply_to uuid;
ALTER TABLE orchestrator.readings ADD COLUMN IF NOT EXISTS may_answer uuid[];

-- The questions to a person that are open at a time: texts that expect a reply, went since another time, and may have
-- arrived, and after which the person wrote nothing that counts as conversation.
CREATE FUNCTION orchestrator.open_questions(person uuid, keywords text[], since timestamptz, until timestamptz)
RETURNS TABLE (message_id uuid, agent_id text, asked_at timestamptz) AS $$
    SELECT t.message_id, m.agent_id::text, t.started_at
      FROM orchestrator.texts_to(person, since) t
      JOIN message_queue m ON m.id = t.message_id AND m.expects_reply
     WHERE t.started_at <= until
       AND NOT EXISTS (
           SELECT FROM orchestrator.person_texts(keywords, until) p
            WHERE p.user_id = person AND p.created_at > t.started_at
       )
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.open_questions(uuid, text[], timestamptz, timestamptz) FROM PUBLIC;

-- The last text of ours to a person up to a time, which may have arrived. In two halves: each has an index of its own.
-- Of two texts of one wave, whose attempts have ids in the order of their calls, it is the second.
CREATE FUNCTION orchestrator.last_text_to(person uuid, until timestamptz)
RETURNS TABLE (message_id uuid) AS $$
    SELECT last.message_id
      FROM (
            (
                SELECT a.id, a.message_id, a.started_at FROM orchestrator.attempts a
                 WHERE a.user_id = person AND a.holds_slot AND a.started_at <= until AND a.undelivered_at IS NULL
                   AND (a.outcome IS NULL OR a.outcome IN ('accepted', 'unknown'))
                 ORDER BY a.started_at DESC, a.id DESC
                 LIMIT 1
            )
             UNION ALL
            (
                SELECT a.id, a.message_id, a.started_at FROM orchestrator.attempts a
                 WHERE a.user_id = person AND NOT a.holds_slot AND a.started_at <= until AND a.undelivered_at IS NULL
                   AND (a.outcome IS NULL OR a.outcome IN ('accepted', 'unknown'))
                 ORDER BY a.started_at DESC, a.id DESC
                 LIMIT 1
            )
           ) last
     ORDER BY last.started_at DESC, last.id DESC
     LIMIT 1
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.last_text_to(uuid, timestamptz) FROM PUBLIC;
