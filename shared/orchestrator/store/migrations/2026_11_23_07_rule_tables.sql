-- Settings per agent; the longest prefix of an agent_id counts (R13).
CREATE TABLE orchestrator.agents (
    prefix text PRIMARY KEY,
    may_use_urgent boolean NOT NULL DEFAULT true,
    hourly_limit int,                              -- messages accepted in any 60 minutes; null means no limit
    publishers text[]                              -- the SenderIds that may speak for it; null means anybody
);

-- How many messages each agent had accepted, by ten minutes: its usual rate, and its rate now.
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

-- Until when the sender's messages per second are given away; one row.
CREATE TABLE orchestrator.pace (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    next_free timestamptz NOT NULL
);
INSERT INTO orchestrator.pace (next_free) VALUES ('-infinity');

-- What a pause stops, in one place for the statements that claim, read and reserve.
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
