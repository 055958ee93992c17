-- A reply from a phone that people share belongs to the person whom we texted last on that number, replies included.

-- When a person was last sent a text on a number. Texts that were certainly not sent do not count.
CREATE FUNCTION orchestrator.texted_at(person uuid, number text) RETURNS timestamptz AS $$
    SELECT greatest(
        (
            SELECT max(a.started_at) FROM orchestrator.attempts a
             WHERE a.user_id = person AND a.holds_slot AND a.phone_number = number
        ),
        (
            SELECT max(a.started_at) FROM orchestrator.attempts a
             WHERE a.user_id = person AND NOT a.holds_slot AND a.phone_number = number
               AND (a.outcome IS NULL OR a.outcome IN ('accepted', 'unknown'))
        )
    )
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.texted_at(uuid, text) FROM PUBLIC;
