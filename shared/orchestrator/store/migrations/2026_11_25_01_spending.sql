-- What Twilio costs on each day, and the ceiling on it.
ALTER TABLE orchestrator.spending
    ADD COLUMN IF NOT EXISTS texts int NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS segments bigint NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS twilio_usd numeric(12, 6) NOT NULL DEFAULT 0;
ALTER TABLE orchestrator.attempts
    ADD COLUMN IF NOT EXISTS segments int,
    ADD COLUMN IF NOT EXISTS price_usd numeric(12, 6);     -- by the price table, when the text was reserved

-- A new scope, `spending`: above the day's ceiling only the urgent lane goes on, in which replies are too.
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
               WHEN 'spending' THEN lane <> 'urgent'
               WHEN 'agent' THEN starts_with(agent, p.value)
               WHEN 'brake' THEN p.value = agent
               WHEN 'user' THEN p.value = person::text
               END
    )
$$ LANGUAGE sql STABLE;
