-- The evidence that settled an attempt, and what became of a text after Twilio accepted it.
ALTER TABLE orchestrator.attempts
    ADD COLUMN IF NOT EXISTS part int,                     -- of its sequence; null for a message that stands alone
    ADD COLUMN IF NOT EXISTS evidence text,                -- answer, status_callback, message_list, recovery or no_call
    ADD COLUMN IF NOT EXISTS undelivered_at timestamptz,   -- accepted by Twilio, then reported as not delivered
    ADD COLUMN IF NOT EXISTS undelivered_code int;

-- A new scope, `busy`: the lane that Twilio asked to slow down.
CREATE OR REPLACE FUNCTION orchestrator.is_paused(lane text, agent text, person uuid, at timestamptz)
RETURNS boolean AS $$
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
