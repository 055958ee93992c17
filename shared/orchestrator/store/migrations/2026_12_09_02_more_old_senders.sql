-- More old senders are found (R12): on the queue, behind a negated condition, through a table that a trigger fills, by
-- more functions and languages. What only a comment names is none, and neither is a trigger of rows that do not wait.

-- A code without its comments. One that follows a statement stays where it holds a quote: `--` may stand in a string.
CREATE FUNCTION orchestrator.without_comments(code text) RETURNS text AS $$
    SELECT regexp_replace(
               regexp_replace(code, '(^|\s)/\*.*?\*/', '\1', 'g'),
               '(^|\n)[ \t]*--[^\n]*|--[^\n'']*(?=\n|$)', '\1', 'g'
           )
$$ LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION orchestrator.without_comments(text) FROM PUBLIC;

-- A command, and the source of each function that it calls, directly or through other functions. What the functions of
-- pg_net and pgmq do is known by their names.
CREATE OR REPLACE FUNCTION orchestrator.code_behind(command text) RETURNS text AS $$
    WITH RECURSIVE code (source) AS (
        SELECT orchestrator.without_comments(command) COLLATE "C"
         UNION
        SELECT orchestrator.without_comments(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc)) COLLATE "C"
          FROM code
         CROSS JOIN LATERAL regexp_matches(code.source, '"([^"]+)"\s*\(|([^\s().,:;"''|=<>+*/-]+)\s*\(', 'g')
            AS called (names)
          JOIN pg_catalog.pg_proc p ON p.proname IN (called.names[1], lower(called.names[2]))
          JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
           AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'net', 'pgmq')
         WHERE p.prokind IN ('f', 'p')
    )
    SELECT string_agg(code.source, E'\n') FROM code
$$ LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp;

-- The code behind a trigger's function, and behind the triggers of each table into which it inserts: an outbox may post
-- in its place. The triggers of `messages` and `message_queue` are looked at by themselves.
CREATE FUNCTION orchestrator.code_behind_trigger(trigger_function oid) RETURNS text AS $$
    WITH RECURSIVE reached (code) AS (
        SELECT orchestrator.code_behind(trigger_function::regproc || '()') COLLATE "C"
         UNION
        SELECT orchestrator.code_behind(t.tgfoid::regproc || '()') COLLATE "C"
          FROM reached
         CROSS JOIN LATERAL regexp_matches(reached.code, '\minsert\s+into\s+(?:"?\w+"?\.)?"?(\w+)', 'gi') AS filled (names)
          JOIN pg_catalog.pg_class c ON c.relname = lower(filled.names[1])
           AND c.oid NOT IN (SELECT to_regclass('public.' || name) FROM unnest('{messages, message_queue}'::text[]) name)
          JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
           AND t.tgtype & 4 <> 0  -- INSERT
    )
    SELECT string_agg(reached.code, E'\n') FROM reached
$$ LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION orchestrator.code_behind_trigger(oid) FROM PUBLIC;

-- Whether a code posts to a URL, notifies, or puts something on a queue: by the functions of pg_net, http, dblink, tcn,
-- pgmq, pgq, amqp, graphile_worker, pg-boss and aws_lambda, by NOTIFY, by a program, and by Python, Perl or a shell.
CREATE OR REPLACE FUNCTION orchestrator.code_sends(code text) RETURNS boolean AS $$
    SELECT code ~* ('\mhttp_(post|get|put|patch|delete|head|request|request_queue)\M|\mhttp\s*\(|\mpg_notify\M|\mdblink'
                    '|\mtriggered_change_notification\M|\mpg_logical_emit_message\M|\mpgmq(_public)?\.send|\mpgq\.|\mamqp\.'
                    '|\mgraphile_worker\.|\mpgboss\.|\maws_lambda\.invoke|\mto\s+program\M'
                    '|\m(urllib|requests\.|http\.client|httpx|aiohttp|socket|subprocess|boto3|LWP|HTTP::|curl)')
        -- NOTIFY as a statement, also as the text of one that is made at run time; not a sentence such as "notify Ada".
        OR code ~* ('(^|[;''($]|\m(begin|then|else|loop|do|also|instead)\M)\s*notify\s+'
                    '(''|"?[a-z_%][\w$]*"?\s*($|[,;'')$]))')
$$ LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp;

-- Whether a condition leaves out every outbound row that waits; it replaces `admits_inbound_alone`. The condition is a list of comparisons with AND, and one of them
-- admits inbound rows alone, or rows in another state. Anything else may admit a row that waits.
CREATE FUNCTION orchestrator.admits_no_waiting_row(condition text) RETURNS boolean AS $$
    WITH plain AS (
        -- Without casts, brackets, NEW, and questions for NULL.
        SELECT regexp_replace(lower(condition), '::[\w."]+( varying)?(\[\])?|\marray\M|\mnew\.|\sis (not )?null\M|[()"]', '', 'g')
            AS terms
    )
    SELECT coalesce(
               terms !~ '\m(or|not|is|case|coalesce|nullif|true|false)\M'
               AND EXISTS (
                   SELECT FROM regexp_split_to_table(terms, '\s+and\s+') AS term
                    WHERE btrim(term) ~ ('^(direction = ''inbound''|''inbound'' = direction|direction <> ''outbound'''
                                         '|role = ''user''|status = ''(received|sent|delivered|failed)'''
                                         '|status = any \[(''(received|sent|delivered|failed)''(, )?)+\])$')
               ), false)
      FROM plain
$$ LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION orchestrator.admits_no_waiting_row(text) FROM PUBLIC;

-- Whatever may hand outbound rows of `messages`, or waiting rows of `message_queue`, to another sender. It runs with its
-- owner's rights, because the functions' role sees neither the schema of pg_cron nor the owner's jobs.
CREATE OR REPLACE FUNCTION orchestrator.old_senders() RETURNS TABLE (kind text, name text) AS $$
BEGIN
    RETURN QUERY
    SELECT watched.prefix || 'trigger', t.tgname::text
      FROM (VALUES ('messages', ''), ('message_queue', 'queue ')) AS watched (table_name, prefix)
      JOIN pg_catalog.pg_trigger t ON t.tgrelid = to_regclass('public.' || watched.table_name)
      JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
      JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace AND n.nspname <> 'orchestrator'
     WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
       AND t.tgtype & 20 <> 0  -- after or before INSERT (4) or UPDATE (16)
       AND NOT orchestrator.admits_no_waiting_row(substring(pg_get_triggerdef(t.oid), 'WHEN \((.*)\) EXECUTE'))
       AND orchestrator.code_sends(orchestrator.code_behind_trigger(t.tgfoid));

    RETURN QUERY
    SELECT watched.prefix || 'rule', r.rulename::text
      FROM (VALUES ('messages', ''), ('message_queue', 'queue ')) AS watched (table_name, prefix)
      JOIN pg_catalog.pg_rewrite r ON r.ev_class = to_regclass('public.' || watched.table_name)
     WHERE r.ev_enabled IN ('O', 'A')
       AND r.ev_type IN ('2', '3')  -- UPDATE, INSERT
       AND orchestrator.code_sends(orchestrator.code_behind(pg_get_ruledef(r.oid)));

    RETURN QUERY
    SELECT DISTINCT 'publication', published.pubname::text
      FROM pg_catalog.pg_publication_tables published
      JOIN pg_catalog.pg_publication p ON p.pubname = published.pubname AND (p.pubinsert OR p.pubupdate)
     WHERE published.schemaname = 'public' AND published.tablename IN ('messages', 'message_queue')
       -- Postgres 14 has no row filters.
       AND NOT orchestrator.admits_no_waiting_row(to_jsonb(published)->>'rowfilter');

    BEGIN
        IF EXISTS (
            SELECT FROM pg_catalog.pg_class c WHERE c.relname = 'job' AND c.relnamespace = to_regnamespace('cron')
        ) THEN
            -- A job names no table where it calls the old sender's URL, so its name and the words of its command decide.
            RETURN QUERY EXECUTE $jobs$
                SELECT 'cron job', coalesce(to_jsonb(j)->>'jobname', j.jobid::text)
                  FROM cron.job j
                 CROSS JOIN orchestrator.code_behind(j.command) AS code
                 WHERE j.active AND j.database = current_database()
                   AND (orchestrator.code_sends(code)
                        AND coalesce(to_jsonb(j)->>'jobname', '') || ' ' || code
                            ~* ('(message|sms|twilio|orchestrat|queue|outbox|outbound|dispatch|deliver|texting|\mtexts\M'
                                '|process.?due|send.?due)')
                        OR code ~* ('\mupdate\s+(only\s+)?("?public"?\.)?"?(messages|message_queue)\M'
                                    '[^;]*\mset\M((?!\mwhere\M)[^;])*\mstatus\M')
                        OR code ~* '\mdelete\s+from\s+(only\s+)?("?public"?\.)?"?message_queue\M[^;]*\mreturning\M')
            $jobs$;
        END IF;
    EXCEPTION WHEN insufficient_privilege THEN
        -- What cannot be seen may be an old sender.
        RETURN QUERY SELECT 'hidden jobs', 'cron.job';
    END;
END
$$ LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;

-- What the former sender took between this migration and the dispatcher's first tick is its own, too.
INSERT INTO orchestrator.old_sender_seen (seen_at)
SELECT now() WHERE EXISTS (SELECT FROM orchestrator.old_senders())
    ON CONFLICT DO NOTHING;
