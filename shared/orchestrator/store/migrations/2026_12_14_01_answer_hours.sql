-- The hours at which people answer (R7): what the nightly `learn` keeps of each person, the curves of everybody, and
-- what came of the hours that it chose. Nullable columns without defaults, so that no row is rewritten.
ALTER TABLE message_queue ADD COLUMN IF NOT EXISTS best_kind text;         -- how best_at was chosen
ALTER TABLE message_queue ADD COLUMN IF NOT EXISTS best_probability real;  -- that the policy chose this hour

-- One row for each person with a text that counts, or whose hours are not learned. Hours are those of a week of 48: 0 to
-- 23 of a working day, 24 to 47 of a weekend day.
CREATE TABLE orchestrator.answer_hours (
    user_id uuid PRIMARY KEY,
    hours smallint[] NOT NULL DEFAULT '{}',  -- in which texts left
    texts real[] NOT NULL DEFAULT '{}',      -- how many, the old ones with less weight
    answers real[] NOT NULL DEFAULT '{}',    -- how many of them were answered
    as_of timestamptz,                       -- when those weights were right
    learned bytea,                           -- what `rules/learned_hours.py` packs of the 48 hours
    sure real,                               -- 0 to 1
    learned_at timestamptz,                  -- null while something is new
    all_texts integer NOT NULL DEFAULT 0,
    all_answers integer NOT NULL DEFAULT 0,
    all_stops integer NOT NULL DEFAULT 0,
    week text,                               -- of the last text that counts in a comparison with the holdouts
    week_texts integer NOT NULL DEFAULT 0,
    week_answers integer NOT NULL DEFAULT 0,
    week_stops integer NOT NULL DEFAULT 0,
    off_since timestamptz                    -- nothing is learned of the person
) WITH (fillfactor = 80);
CREATE INDEX answer_hours_to_learn ON orchestrator.answer_hours (user_id) WHERE learned_at IS NULL AND off_since IS NULL;

CREATE TABLE orchestrator.answer_curves (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    curves jsonb NOT NULL,
    hours bytea NOT NULL,   -- of people of whom nothing is known
    stops bytea NOT NULL,   -- how often a STOP follows a text, by hour
    texts integer NOT NULL,
    people integer NOT NULL,
    fitted_at timestamptz NOT NULL
);

CREATE TABLE orchestrator.answer_progress (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    up_to uuid NOT NULL,    -- the last attempt that was read
    counts jsonb NOT NULL,  -- texts and answers of each message type; texts and STOPs of each hour
    changed_at timestamptz NOT NULL
);

-- The sums that a comparison of learned hours with the holdouts needs, by week and over all weeks.
CREATE TABLE orchestrator.answer_results (
    period text,
    arm text,
    people integer NOT NULL,
    texts integer NOT NULL,
    answers integer NOT NULL,
    answers_in_1h integer NOT NULL,
    answers_in_4h integer NOT NULL,
    stops integer NOT NULL,
    texts_squared bigint NOT NULL,   -- sums over people of a person's numbers
    answers_squared bigint NOT NULL,
    stops_squared bigint NOT NULL,
    texts_answers bigint NOT NULL,
    texts_stops bigint NOT NULL,
    PRIMARY KEY (period, arm)
);

-- The messages of a sequence; of a message outside a sequence, itself.
CREATE FUNCTION orchestrator.parts_of(message uuid, sequence uuid)
RETURNS TABLE (id uuid) AS $$
    SELECT message
     UNION ALL
    SELECT m.id FROM message_queue m WHERE m.sequence_id = sequence AND m.accepted_at IS NOT NULL AND m.id <> message
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.parts_of(uuid, uuid) FROM PUBLIC;
