-- The ceilings of replies (R12) count attempts that answer a text of the person.
ALTER TABLE orchestrator.attempts ADD COLUMN IF NOT EXISTS reply_to timestamptz;

-- The replies to people in a local day, and when the person wrote what each of them answers.
CREATE FUNCTION orchestrator.reply_texts(people uuid[], until timestamptz)
RETURNS TABLE (reply_to timestamptz, local_date date, started_at timestamptz) AS $$
    SELECT a.reply_to, a.local_date, a.started_at
      FROM orchestrator.attempts a
     WHERE a.user_id = ANY (people) AND a.reply_to IS NOT NULL
       -- No local day is longer than 26 hours.
       AND a.started_at > until - interval '26 hours'
       AND (a.outcome IS NULL OR a.outcome IN ('accepted', 'unknown'))
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.reply_texts(uuid[], timestamptz) FROM PUBLIC;
