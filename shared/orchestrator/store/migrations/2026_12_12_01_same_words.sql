-- The same words to the same person (R14): what is compared of each text, and the fields by which an agent says more of
-- its message. Nullable and without defaults, so that no row is rewritten.
ALTER TABLE message_queue ADD COLUMN IF NOT EXISTS allow_repeat boolean;
ALTER TABLE message_queue ADD COLUMN IF NOT EXISTS expects_reply boolean;
ALTER TABLE orchestrator.attempts ADD COLUMN IF NOT EXISTS words_digest text;
ALTER TABLE orchestrator.attempts ADD COLUMN IF NOT EXISTS data_digest text;

-- The texts to a person since a time, without those that certainly were not sent or did not arrive. In two halves: each
-- has an index of its own.
CREATE FUNCTION orchestrator.texts_to(person uuid, since timestamptz)
RETURNS TABLE (message_id uuid, words_digest text, data_digest text, started_at timestamptz) AS $$
    SELECT a.message_id, a.words_digest, a.data_digest, a.started_at
      FROM orchestrator.attempts a
     WHERE a.user_id = person AND a.holds_slot AND a.started_at > since
       AND a.undelivered_at IS NULL AND (a.outcome IS NULL OR a.outcome IN ('accepted', 'unknown'))
     UNION ALL
    SELECT a.message_id, a.words_digest, a.data_digest, a.started_at
      FROM orchestrator.attempts a
     WHERE a.user_id = person AND NOT a.holds_slot AND a.started_at > since
       AND a.undelivered_at IS NULL AND (a.outcome IS NULL OR a.outcome IN ('accepted', 'unknown'))
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.texts_to(uuid, timestamptz) FROM PUBLIC;

-- An agent learns, too, that its message ended because the same words had gone to its person.
CREATE OR REPLACE FUNCTION orchestrator.tell_ends() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
AS $$
BEGIN
    IF EXISTS (SELECT FROM orchestrator.event_bus) THEN
        INSERT INTO orchestrator.events (type, user_id, message_id, detail, at)
        SELECT 'message.' || t.status, m.user_id, t.message_id, jsonb_build_object('reason', t.reason), t.at
          FROM told t
          JOIN public.message_queue m ON m.id = t.message_id
         WHERE t.status IN ('failed', 'superseded') OR (t.status = 'cancelled' AND t.reason = 'same_words');
    END IF;
    RETURN NULL;
END
$$;
