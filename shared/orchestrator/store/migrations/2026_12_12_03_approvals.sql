-- Agents whose texts an operator approves before they go (R13), and what was approved: a digest of the exact words, which
-- stand in `message_queue.final_message`.
ALTER TABLE orchestrator.agents ADD COLUMN IF NOT EXISTS needs_approval boolean NOT NULL DEFAULT false;
CREATE TABLE orchestrator.approvals (
    message_id uuid PRIMARY KEY,
    digest text NOT NULL,
    approved_at timestamptz NOT NULL
);

-- An agent learns, too, that an operator did not approve its message.
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
         WHERE t.status IN ('failed', 'superseded')
            OR (t.status = 'cancelled' AND t.reason IN ('same_words', 'not_approved'));
    END IF;
    RETURN NULL;
END
$$;
