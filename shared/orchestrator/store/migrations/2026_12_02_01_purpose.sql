-- What the texts of an agent are for (R15). An agent without settings, or without a purpose, informs.
ALTER TABLE orchestrator.agents ADD COLUMN IF NOT EXISTS purpose text NOT NULL DEFAULT 'informational'
    CHECK (purpose IN ('transactional', 'informational', 'marketing'));

CREATE FUNCTION orchestrator.purpose_of(agent text) RETURNS TABLE (purpose text) AS $$
    SELECT coalesce(
               (SELECT a.purpose FROM orchestrator.agents a
                 WHERE starts_with(lower(agent), a.prefix)
                 ORDER BY length(a.prefix) DESC LIMIT 1),
               'informational'
           )
$$ LANGUAGE sql STABLE;
REVOKE ALL ON FUNCTION orchestrator.purpose_of(text) FROM PUBLIC;
