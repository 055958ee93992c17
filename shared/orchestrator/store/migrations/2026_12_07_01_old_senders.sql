-- Old senders are found by what they do, and their rows are theirs for good (R12). A number's history has its column.

-- The owner's own trigger writes this column, and some databases lack it. A constant default rewrites no row.
ALTER TABLE users ADD COLUMN IF NOT EXISTS phone_number_history jsonb DEFAULT '[]';

-- While this row exists, an old sender was there at the last tick. What is pending when it has gone may have been sent.
CREATE TABLE orchestrator.old_sender_seen (
    only_row boolean PRIMARY KEY DEFAULT true CONSTRAINT old_sender_seen_only_row_check CHECK (only_row),
    seen_at timestamptz NOT NULL
);

-- A command, and the source of each function that it calls, directly or through other functions.
CREATE FUNCTION orchestrator.code_behind(command text) RETURNS text AS $$
    WITH RECURSIVE code (source) AS (
        SELECT command COLLATE "C"
         UNION
        SELECT coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) COLLATE "C"
          FROM code
         CROSS JOIN LATERAL regexp_matches(code.source, '([a-z_][a-z0-9_$]*)"?\s*\(', 'gi') AS called (names)
          JOIN pg_catalog.pg_proc p ON p.proname IN (called.names[1], lower(called.names[1]))
          JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace AND n.nspname NOT IN ('pg_catalog', 'information_schema')
         WHERE p.prokind IN ('f', 'p')
    )
    SELECT string_agg(code.source, E'\n') FROM code
$$ LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION orchestrator.code_behind(text) FROM PUBLIC;

-- Whether a code posts to a URL, notifies, or puts something on a queue: by the functions of pg_net, http, dblink, pgmq
-- and aws_lambda, by NOTIFY, and by Python.
CREATE FUNCTION orchestrator.code_sends(code text) RETURNS boolean AS $$
    SELECT code ~* ('\mhttp_(post|get|put|request)\M|\mhttp\s*\(|\mpg_notify\M|\mnotify\s+"?[a-z_]|\mdblink|\mpgmq\.send'
                    '|\maws_lambda\.invoke|\murllib|\mrequests\.|\mhttp\.client')
$$ LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION orchestrator.code_sends(text) FROM PUBLIC;

-- Whether a condition admits inbound rows alone. One with OR may admit others.
CREATE FUNCTION orchestrator.admits_inbound_alone(condition text) RETURNS boolean AS $$
    SELECT coalesce(condition ~* '\mdirection\M[^=<>]*=\s*\(?''inbound''' AND condition !~* '\mor\M', false)
$$ LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION orchestrator.admits_inbound_alone(text) FROM PUBLIC;

-- Whatever may hand outbound rows of `messages`, or waiting rows of `message_queue`, to another sender. It runs with its
-- owner's rights, because the functions' role sees neither the schema of pg_cron nor the owner's jobs.
CREATE FUNCTION orchestrator.old_senders() RETURNS TABLE (kind text, name text) AS $$
BEGIN
    RETURN QUERY
    SELECT 'trigger', t.tgname::text
      FROM pg_catalog.pg_trigger t
      JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
      JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace AND n.nspname <> 'orchestrator'
     WHERE t.tgrelid = to_regclass('public.messages') AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
       AND t.tgtype & 20 <> 0  -- after or before INSERT (4) or UPDATE (16)
       AND NOT orchestrator.admits_inbound_alone(substring(pg_get_triggerdef(t.oid), 'WHEN \((.*)\) EXECUTE'))
       AND orchestrator.code_sends(orchestrator.code_behind(
               n.nspname || '.' || p.proname || E'()\n' || coalesce(pg_get_function_sqlbody(p.oid), p.prosrc)
           ));

    RETURN QUERY
    SELECT 'rule', r.rulename::text
      FROM pg_catalog.pg_rewrite r
     WHERE r.ev_class = to_regclass('public.messages') AND r.ev_enabled IN ('O', 'A')
       AND r.ev_type IN ('2', '3')  -- UPDATE, INSERT
       AND orchestrator.code_sends(orchestrator.code_behind(pg_get_ruledef(r.oid)));

    RETURN QUERY
    SELECT 'publication', published.pubname::text
      FROM pg_catalog.pg_publication_tables published
      JOIN pg_catalog.pg_publication p ON p.pubname = published.pubname AND (p.pubinsert OR p.pubupdate)
     WHERE published.schemaname = 'public' AND published.tablename = 'messages'
       -- Postgres 14 has no row filters.
       AND NOT orchestrator.admits_inbound_alone(to_jsonb(published)->>'rowfilter');

    BEGIN
        IF EXISTS (
            SELECT FROM pg_catalog.pg_class c WHERE c.relname = 'job' AND c.relnamespace = to_regnamespace('cron')
        ) THEN
            -- A job names no table where it calls the old sender's URL, so the words of its command decide.
            RETURN QUERY EXECUTE $jobs$
                SELECT 'cron job', coalesce(to_jsonb(j)->>'jobname', j.jobid::text)
                  FROM cron.job j
                 CROSS JOIN orchestrator.code_behind(j.command) AS code
                 WHERE j.active AND j.database = current_database()
                   AND (orchestrator.code_sends(code) AND code ~* '(message|sms|twilio|orchestrat|queue)'
                        OR code ~* '\mupdate\s+(only\s+)?("?public"?\.)?"?(messages|message_queue)\M[^;]*\mset\M[^;]*\mstatus\M')
            $jobs$;
        END IF;
    EXCEPTION WHEN insufficient_privilege THEN
        -- What cannot be seen may be an old sender.
        RETURN QUERY SELECT 'hidden jobs', 'cron.job';
    END;
END
$$ LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION orchestrator.old_senders() FROM PUBLIC;

-- For code that still runs.
CREATE OR REPLACE FUNCTION orchestrator.old_sender_triggers() RETURNS TABLE (name text) AS $$
    SELECT s.name FROM orchestrator.old_senders() s
$$ LANGUAGE sql STABLE;
