-- One Twilio message id counts once, and some texts of a person open no window (R4, R11).

-- Each inbound text that was ever taken in, by the id that its Twilio id gives, and when SQS first received it. It holds
-- nothing of a person and stays, so that a request that Twilio repeats much later changes nothing.
CREATE TABLE orchestrator.inbound_texts (
    inbound_id uuid PRIMARY KEY,
    sent_at timestamptz NOT NULL
);
INSERT INTO orchestrator.inbound_texts SELECT inbound_id, received_at FROM orchestrator.readings;

-- False for a repeat of the person's own last words, and for a text that came over another channel than text messages.
ALTER TABLE orchestrator.readings ADD COLUMN opens_window boolean NOT NULL DEFAULT true;

-- A text that opens no window is still read, and after that it counts no more than STOP does.
CREATE OR REPLACE FUNCTION orchestrator.person_texts(keywords text[], until timestamptz)
RETURNS TABLE (id uuid, user_id uuid, content text, created_at timestamptz) AS $$
    SELECT m.id, m.user_id, m.content, m.created_at
      FROM messages m
     WHERE m.direction = 'inbound' AND m.role = 'user' AND m.created_at <= until
       AND upper(btrim(m.content)) <> ALL (keywords)
       AND NOT EXISTS (
           SELECT FROM orchestrator.readings r
            WHERE r.inbound_id = m.id
              AND (r.kind NOT IN ('conversation', 'unjudged') OR (r.kind = 'conversation' AND NOT r.opens_window))
       )
$$ LANGUAGE sql STABLE;

-- The words of a text without case, punctuation and spaces, by which a repetition is recognized (R4).
CREATE FUNCTION orchestrator.words_of(content text) RETURNS text AS $$
    SELECT lower(regexp_replace(content, '[[:space:][:punct:]]+', '', 'g'))
$$ LANGUAGE sql IMMUTABLE;
REVOKE ALL ON FUNCTION orchestrator.words_of(text) FROM PUBLIC;
