-- Agents and message types pause themselves by what their texts bring (R13), and an operator may pause a type.

-- The agents whose texts are counted together: those of one prefix with settings, or one agent without.
CREATE FUNCTION orchestrator.outcome_group(agent text) RETURNS TABLE (key text) AS $$
    SELECT coalesce(
               (
                   SELECT a.prefix FROM orchestrator.agents a
                    WHERE starts_with(lower(agent), a.prefix)
                    ORDER BY length(a.prefix) DESC
                    LIMIT 1
               ),
               lower(agent)
           )
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.outcome_group(text) FROM PUBLIC;

-- `kind` is the type in the data of the message.
CREATE FUNCTION orchestrator.pauses_of(lane text, agent text, kind text, person uuid, at timestamptz)
RETURNS TABLE (scope text, value text) AS $$
    SELECT p.scope, p.value
      FROM orchestrator.pauses p
     WHERE (p.ends_at IS NULL OR p.ends_at > at)
       AND CASE p.scope
           WHEN 'everything' THEN true
           WHEN 'provider' THEN true
           WHEN 'lane' THEN p.value = lane
           WHEN 'busy' THEN p.value = lane
           WHEN 'spending' THEN lane <> 'urgent' OR p.value = 'urgent'
           WHEN 'agent' THEN starts_with(lower(agent), lower(p.value))
           WHEN 'brake' THEN EXISTS (
               SELECT FROM orchestrator.agent_group(agent, NULL, NULL) g WHERE g.key = lower(p.value)
           )
           -- An agent that got settings after it was paused stays paused.
           WHEN 'agent_outcomes' THEN p.value = lower(agent) OR EXISTS (
               SELECT FROM orchestrator.outcome_group(agent) g WHERE g.key = p.value
           )
           WHEN 'type' THEN p.value = kind
           WHEN 'type_outcomes' THEN p.value = kind
           WHEN 'user' THEN p.value = person::text
           END
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.pauses_of(text, text, text, uuid, timestamptz) FROM PUBLIC;

CREATE FUNCTION orchestrator.stops_of(message uuid, lane text, agent text, kind text, person uuid, at timestamptz)
RETURNS TABLE (scope text, value text) AS $$
    SELECT p.scope, p.value
      FROM orchestrator.pauses_of(lane, agent, kind, person, at) p
     WHERE NOT EXISTS (
           SELECT FROM orchestrator.pauses o WHERE o.scope = p.scope AND o.value = p.value AND o.probe_id = message
       )
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.stops_of(uuid, text, text, text, uuid, timestamptz) FROM PUBLIC;

-- For code that still runs; it does not know types.
CREATE OR REPLACE FUNCTION orchestrator.pauses_of(lane text, agent text, person uuid, at timestamptz)
RETURNS TABLE (scope text, value text) AS $$
    SELECT p.scope, p.value FROM orchestrator.pauses_of(lane, agent, NULL, person, at) p
$$ LANGUAGE sql STABLE;
