-- The law of the place (R15): where a person lives, what a text counts for toward the caps, and the rows that bound it.
-- `law_place` is the code of a state or province, such as FL; null: the zone and the number say where the phone rings.
ALTER TABLE users ADD COLUMN IF NOT EXISTS law_place text;
-- What a hold or an end rests on, beside its reason: the rows of the law, in words.
ALTER TABLE orchestrator.timeline ADD COLUMN IF NOT EXISTS note text;
-- A sequence counts as a whole with its first part, and its later parts as none.
ALTER TABLE orchestrator.attempts ADD COLUMN IF NOT EXISTS law_texts integer NOT NULL DEFAULT 0;
ALTER TABLE orchestrator.attempts ADD COLUMN IF NOT EXISTS law_note text;

-- The texts to people that count toward the caps of the law, since a time. A text that was certainly not sent does not.
CREATE FUNCTION orchestrator.law_texts(people uuid[], since timestamptz)
RETURNS TABLE (texts integer, started_at timestamptz) AS $$
    SELECT a.law_texts, a.started_at
      FROM orchestrator.attempts a
     WHERE a.user_id = ANY (people) AND a.law_texts > 0 AND a.started_at > since
       AND (a.outcome IS NULL OR a.outcome IN ('accepted', 'unknown'))
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.law_texts(uuid[], timestamptz) FROM PUBLIC;
