-- People are found by their number in any spelling, and what belongs to a number holds for each person who has it (R11).

-- The people who have a number now. `number` is in E.164.
CREATE FUNCTION orchestrator.people_of(number text) RETURNS TABLE (user_id uuid) AS $$
    SELECT u.id FROM users u WHERE orchestrator.e164(u.phone_number) = number
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.people_of(text) FROM PUBLIC;

-- When a person was last sent a text that holds a slot. Of the people who share a phone, an answer is for the newest.
CREATE FUNCTION orchestrator.texted_at(person uuid) RETURNS timestamptz AS $$
    SELECT max(a.started_at) FROM orchestrator.attempts a WHERE a.user_id = person AND a.holds_slot
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.texted_at(uuid) FROM PUBLIC;

-- The texts that are not classified yet, of a person or from their number: people who share a phone share the wish to stop.
CREATE FUNCTION orchestrator.unread_texts(person uuid, number text) RETURNS TABLE (inbound_id uuid) AS $$
    SELECT r.inbound_id
      FROM orchestrator.readings r
     WHERE r.kind = 'unjudged' AND (r.user_id = person OR r.phone_number = number)
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.unread_texts(uuid, text) FROM PUBLIC;

-- The conversation that a text to or from a person on a number joins. The owner's rows may spell the number otherwise.
CREATE OR REPLACE FUNCTION orchestrator.open_conversation(person uuid, number text) RETURNS TABLE (id uuid) AS $$
    SELECT c.id
      FROM conversations c
     WHERE c.user_id = person AND orchestrator.e164(c.phone_number) = number AND c.status = 'active'
     ORDER BY c.created_at DESC
     LIMIT 1
$$ LANGUAGE sql STABLE;

-- Another spelling of the same number is no change of number: the history and the conversations stay as they are. The
-- functions run with our rights, because a role that changes a number may have none on this schema.
CREATE OR REPLACE FUNCTION orchestrator.keep_old_number() RETURNS trigger AS $$
BEGIN
    IF OLD.phone_number NOT LIKE 'forgotten-%' AND NEW.phone_number NOT LIKE 'forgotten-%'
       AND orchestrator.e164(OLD.phone_number) IS DISTINCT FROM orchestrator.e164(NEW.phone_number)
       AND position(OLD.phone_number IN coalesce(NEW.phone_number_history, '[]')::text) = 0 THEN
        NEW.phone_number_history := coalesce(NEW.phone_number_history, '[]') || to_jsonb(OLD.phone_number::text);
    END IF;
    RETURN NEW;
END
$$ LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp;

CREATE OR REPLACE FUNCTION orchestrator.close_conversations() RETURNS trigger AS $$
BEGIN
    UPDATE public.conversations SET status = 'closed', updated_at = now()
     WHERE user_id = OLD.id AND status IN ('active', 'paused')
       AND orchestrator.e164(OLD.phone_number) IS DISTINCT FROM orchestrator.e164(NEW.phone_number)
       AND (phone_number = OLD.phone_number OR orchestrator.e164(phone_number) = orchestrator.e164(OLD.phone_number));
    RETURN NULL;
END
$$ LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp;

-- How many texts an attempt stands for while its person is active (R4): a sequence counts as a whole with its first part.
ALTER TABLE orchestrator.attempts ADD COLUMN IF NOT EXISTS active_texts int NOT NULL DEFAULT 0;

-- The texts that went to these people because they were active (R4), for the ceilings of an hour and of a local day. A
-- text counts while its outcome is open, accepted or unknown.
CREATE FUNCTION orchestrator.active_texts(people uuid[], until timestamptz)
RETURNS TABLE (active_since timestamptz, local_date date, started_at timestamptz, texts int) AS $$
    SELECT a.active_since, a.local_date, a.started_at, a.active_texts
      FROM orchestrator.attempts a
     WHERE a.user_id = ANY (people) AND a.active_texts > 0
       -- No local day is longer than 26 hours.
       AND a.started_at > until - interval '26 hours'
       AND (a.outcome IS NULL OR a.outcome IN ('accepted', 'unknown'))
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.active_texts(uuid[], timestamptz) FROM PUBLIC;
