-- register_stored_statements.sql: record which functions of stored statements this code needs. Returns each function,
-- and whether it may be dropped: a migrate did not need it `keep` ago or longer, and none has needed it since.
INSERT INTO orchestrator.stored_statements AS s (function_name, unneeded_since)
SELECT proname, CASE WHEN proname <> ALL (%(needed)s::text[]) THEN now() END
  FROM pg_proc
 WHERE pronamespace = to_regnamespace('orchestrator') AND proname ~ '_[0-9a-f]{8}$'
    ON CONFLICT (function_name) DO UPDATE
   SET unneeded_since = CASE WHEN excluded.unneeded_since IS NOT NULL
                             THEN coalesce(s.unneeded_since, excluded.unneeded_since) END
RETURNING function_name, coalesce(unneeded_since <= now() - %(keep)s::interval, false) AS may_be_dropped
