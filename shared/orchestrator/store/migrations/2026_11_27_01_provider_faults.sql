-- What a number's last text met on its way, and a pause during an outage of Twilio.
ALTER TABLE orchestrator.numbers
    ADD COLUMN IF NOT EXISTS blocked_code int;   -- 30004: its last text was blocked; the second in a row ends texts to it

ALTER TABLE orchestrator.pauses
    ADD COLUMN IF NOT EXISTS probes int,               -- an outage of Twilio: how many probes failed; null for other pauses
    ADD COLUMN IF NOT EXISTS probe_at timestamptz,     -- the next probe goes no earlier
    ADD COLUMN IF NOT EXISTS probe_id uuid;            -- the message that may go as a probe

-- The pauses that stop one message at a time: those of `pauses_of`, without an outage whose probe it is.
CREATE OR REPLACE FUNCTION orchestrator.stops_of(message uuid, lane text, agent text, person uuid, at timestamptz)
RETURNS TABLE (scope text, value text) AS $$
    SELECT p.scope, p.value
      FROM orchestrator.pauses_of(lane, agent, person, at) p
     WHERE NOT EXISTS (
           SELECT FROM orchestrator.pauses o WHERE o.scope = p.scope AND o.value = p.value AND o.probe_id = message
       )
$$ LANGUAGE sql STABLE;

-- The parts of a sequence before a part that are not finished. Whatever approves a message approves only one without
-- any (R8); an ordinary message has none.
CREATE OR REPLACE FUNCTION orchestrator.open_parts_before(sequence uuid, place int) RETURNS TABLE (id uuid) AS $$
    SELECT earlier.id
      FROM message_queue earlier
     WHERE earlier.sequence_id = sequence AND earlier.sequence_position < place
       AND earlier.status IN ('queued', 'approved', 'sending') AND earlier.accepted_at IS NOT NULL
$$ LANGUAGE sql STABLE;
