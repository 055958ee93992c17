-- Settings of agents; the longest prefix of an agent_id applies (R13).
CREATE TABLE orchestrator.agents (
    prefix text PRIMARY KEY,
    may_use_urgent boolean NOT NULL DEFAULT true,
    hourly_limit int,                              -- messages accepted in any 60 minutes; null means no limit
    publishers text[]                              -- the SenderIds that may publish for it; null means every one
);

-- How many messages of each agent were accepted in each ten minutes: its usual rate and its rate now.
CREATE TABLE orchestrator.agent_rates (
    agent_id text NOT NULL,
    span timestamptz NOT NULL,                     -- the beginning of the ten minutes
    accepted int NOT NULL,
    PRIMARY KEY (agent_id, span)
);

-- Withdrawals of a whole topic, for messages that were published before and arrive after (R9).
CREATE TABLE orchestrator.topic_withdrawals (
    user_id uuid NOT NULL,
    topic text NOT NULL,
    publisher text NOT NULL,
    withdrawn_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, topic, publisher)
);

-- Until when places in the sender's pace are taken; one row.
CREATE TABLE orchestrator.pace (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    next_free timestamptz NOT NULL
);
INSERT INTO orchestrator.pace (next_free) VALUES ('-infinity');

-- Whether a pause stops a message. 2026_11_26_01 has its successor, `pauses_of`.
CREATE FUNCTION orchestrator.is_paused(lane text, agent text, person uuid, at timestamptz) RETURNS boolean AS $$
    SELECT EXISTS (
        SELECT FROM orchestrator.pauses p
         WHERE (p.ends_at IS NULL OR p.ends_at > at)
           AND CASE p.scope
               WHEN 'everything' THEN true
               WHEN 'provider' THEN true
               WHEN 'lane' THEN p.value = lane
               WHEN 'agent' THEN starts_with(agent, p.value)
               WHEN 'brake' THEN p.value = agent
               WHEN 'user' THEN p.value = person::text
               END
    )
$$ LANGUAGE sql STABLE;

-- The withdrawals of a message or of its topic. Where an agent's publishers are bound, only those of the message's own
-- publisher count (R9, R13). It returns rows, so that Postgres plans it as part of the statement that calls it.
CREATE FUNCTION orchestrator.withdrawals_of(message uuid, person uuid, about text, published timestamptz, author text)
RETURNS TABLE (withdrawn_at timestamptz) AS $$
    SELECT w.withdrawn_at FROM orchestrator.withdrawals w
     WHERE w.message_id = message AND (author IS NULL OR w.publisher = author)
     UNION ALL
    SELECT t.withdrawn_at FROM orchestrator.topic_withdrawals t
     WHERE t.user_id = person AND t.topic = about AND t.withdrawn_at >= published
       AND (author IS NULL OR t.publisher = author)
$$ LANGUAGE sql STABLE;
