-- What settles an outcome that the answer left open, and what became of a text after Twilio took it.
ALTER TABLE orchestrator.attempts
    ADD COLUMN IF NOT EXISTS part int,                     -- of its sequence; null for a message that stands alone
    ADD COLUMN IF NOT EXISTS evidence text,                -- what settled it: answer, status_callback, message_list, recovery
    ADD COLUMN IF NOT EXISTS undelivered_at timestamptz,   -- accepted by Twilio, and not delivered after all
    ADD COLUMN IF NOT EXISTS undelivered_code int;

-- The scopes of a pause, with `busy`: the lane whose texts Twilio asked us to slow down.
CREATE OR REPLACE FUNCTION orchestrator.is_paused(lane text, agent text, person uuid, at timestamptz) RETURNS boolean AS $$
    SELECT EXISTS (
        SELECT FROM orchestrator.pauses p
         WHERE (p.ends_at IS NULL OR p.ends_at > at)
           AND CASE p.scope
               WHEN 'everything' THEN true
               WHEN 'provider' THEN true
               WHEN 'lane' THEN p.value = lane
               WHEN 'busy' THEN p.value = lane
               WHEN 'agent' THEN starts_with(agent, p.value)
               WHEN 'brake' THEN p.value = agent
               WHEN 'user' THEN p.value = person::text
               END
    )
$$ LANGUAGE sql STABLE;
