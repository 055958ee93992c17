-- What the query function shares between its statements: whose message it is, and which text an inbound text answers.

-- Whether a message of an agent belongs to the agents that a prefix names: they have no settings of a longer prefix, which
-- would make them other agents (R13). Without a prefix every message does, also one whose agent is not known.
CREATE FUNCTION orchestrator.scope_of(agent text, wanted_prefix text)
RETURNS TABLE (agent_id text) AS $$
    SELECT agent
     WHERE wanted_prefix IS NULL
        OR (
               starts_with(lower(agent), wanted_prefix)
               AND NOT EXISTS (
                   SELECT FROM orchestrator.agents a
                    WHERE length(a.prefix) > length(wanted_prefix) AND starts_with(lower(agent), a.prefix)
               )
           )
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.scope_of(text, text) FROM PUBLIC;

-- The message that an inbound text answers: that of the last text of ours before it, which may have been sent.
CREATE FUNCTION orchestrator.answered_message(inbound uuid, person uuid, written_at timestamptz)
RETURNS TABLE (message_id uuid) AS $$
    SELECT last_text.message_id
      FROM (
            (
                SELECT a.message_id, a.started_at FROM orchestrator.attempts a
                 WHERE a.user_id = person AND a.holds_slot AND a.started_at <= written_at
                   AND (a.outcome IS NULL OR a.outcome IN ('accepted', 'unknown'))
                 ORDER BY a.started_at DESC LIMIT 1
            )
             UNION ALL
            (
                SELECT a.message_id, a.started_at FROM orchestrator.attempts a
                 WHERE a.user_id = person AND NOT a.holds_slot AND a.started_at <= written_at
                   AND (a.outcome IS NULL OR a.outcome IN ('accepted', 'unknown'))
                 ORDER BY a.started_at DESC LIMIT 1
            )
           ) last_text
     WHERE inbound IS NOT NULL
     ORDER BY last_text.started_at DESC
     LIMIT 1
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.answered_message(uuid, uuid, timestamptz) FROM PUBLIC;
