-- Evidence (R15): what a text was for and the zone by which it went, as they were then; the words of our texts and of
-- wishes to stop, beyond the retention; and people whose records nothing deletes.
ALTER TABLE orchestrator.attempts ADD COLUMN IF NOT EXISTS purpose text;
ALTER TABLE orchestrator.attempts ADD COLUMN IF NOT EXISTS zone text;

CREATE TABLE orchestrator.kept_words (
    text_id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    content text NOT NULL,
    written_at timestamptz NOT NULL
);
CREATE INDEX kept_words_of_people ON orchestrator.kept_words (user_id);
CREATE INDEX kept_words_by_time ON orchestrator.kept_words (written_at);

CREATE TABLE orchestrator.legal_holds (
    user_id uuid PRIMARY KEY,
    note text NOT NULL,
    held_at timestamptz NOT NULL
);
