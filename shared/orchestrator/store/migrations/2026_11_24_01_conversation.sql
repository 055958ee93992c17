-- What people write: the classification of each text, unknown senders, and media.

-- The classification of each inbound text. While one is `unjudged` (unread), nothing goes to its person:
-- it may be a STOP.
CREATE TABLE orchestrator.readings (
    inbound_id uuid PRIMARY KEY,          -- the `messages` row
    user_id uuid NOT NULL,
    phone_number text NOT NULL,
    kind text NOT NULL,                   -- unjudged, conversation, stop, start, help
    judged_by text,                       -- keyword, opt_out_type, phrase, claude, rule
    received_at timestamptz NOT NULL
);
CREATE INDEX readings_unjudged ON orchestrator.readings (user_id) WHERE kind = 'unjudged';
CREATE INDEX readings_of_starts ON orchestrator.readings (phone_number, received_at) WHERE kind = 'start';

-- Media that came with an inbound text; Twilio stores them.
CREATE TABLE orchestrator.media (
    inbound_id uuid NOT NULL,
    place int NOT NULL,
    url text NOT NULL,
    content_type text NOT NULL,
    PRIMARY KEY (inbound_id, place)
);

-- Texts of unknown senders.
CREATE TABLE orchestrator.strangers (
    sid text PRIMARY KEY,
    phone_number text NOT NULL,
    body text NOT NULL,
    media jsonb NOT NULL,
    received_at timestamptz NOT NULL
);
CREATE INDEX strangers_by_time ON orchestrator.strangers (received_at);

-- What status reports say about a number.
CREATE TABLE orchestrator.numbers (
    phone_number text PRIMARY KEY,
    dead_code int,                        -- 30005, 30006: no text reaches it
    unreachable_until timestamptz,        -- 30003: its texts wait until then
    failures int NOT NULL DEFAULT 0,      -- in a row; each makes the wait longer
    changed_at timestamptz NOT NULL
);

ALTER TABLE message_queue
    ADD COLUMN IF NOT EXISTS is_reply boolean;             -- an agent's answer in a live conversation (R12)

-- Outbound rows that waited for another sender before this migration: they are not ours to send.
CREATE TABLE orchestrator.left_alone (message_id uuid PRIMARY KEY);
INSERT INTO orchestrator.left_alone
SELECT id FROM messages WHERE direction = 'outbound' AND status IN ('pending', 'queued_for_send');

-- When a person's number changes, the old one joins their history and its conversations close, whichever program
-- changes it. Waiting messages follow the person. Where the owner's trigger keeps the history, it is not kept twice.
CREATE FUNCTION orchestrator.keep_old_number() RETURNS trigger AS $$
BEGIN
    IF OLD.phone_number LIKE '+%' AND NEW.phone_number LIKE '+%'
       AND position(OLD.phone_number IN coalesce(NEW.phone_number_history, '[]')::text) = 0 THEN
        NEW.phone_number_history := coalesce(NEW.phone_number_history, '[]')
            || to_jsonb(OLD.phone_number::text);
    END IF;
    RETURN NEW;
END
$$ LANGUAGE plpgsql;

CREATE FUNCTION orchestrator.close_conversations() RETURNS trigger AS $$
BEGIN
    UPDATE conversations SET status = 'closed', updated_at = now()
     WHERE user_id = OLD.id AND phone_number = OLD.phone_number AND status IN ('active', 'paused');
    RETURN NULL;
END
$$ LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT;

CREATE TRIGGER zz_orchestrator_keep_old_number BEFORE UPDATE OF phone_number ON users
    FOR EACH ROW WHEN (OLD.phone_number IS DISTINCT FROM NEW.phone_number)
    EXECUTE FUNCTION orchestrator.keep_old_number();
CREATE TRIGGER zz_orchestrator_close_conversations AFTER UPDATE OF phone_number ON users
    FOR EACH ROW WHEN (OLD.phone_number IS DISTINCT FROM NEW.phone_number)
    EXECUTE FUNCTION orchestrator.close_conversations();
