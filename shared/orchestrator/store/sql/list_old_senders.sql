-- list_old_senders.sql: list what may hand rows to another sender, each with the SQL that removes it.
SELECT s.kind, s.name,
       CASE s.kind
       WHEN 'trigger' THEN 'DROP TRIGGER ' || quote_ident(s.name) || ' ON public.messages'
       WHEN 'queue trigger' THEN 'DROP TRIGGER ' || quote_ident(s.name) || ' ON public.message_queue'
       WHEN 'rule' THEN 'DROP RULE ' || quote_ident(s.name) || ' ON public.messages'
       WHEN 'queue rule' THEN 'DROP RULE ' || quote_ident(s.name) || ' ON public.message_queue'
       WHEN 'publication' THEN
           CASE WHEN p.puballtables THEN 'DROP PUBLICATION ' || quote_ident(s.name)
                ELSE 'ALTER PUBLICATION ' || quote_ident(s.name)
                     || coalesce(' DROP TABLE ' || published.tables, ' DROP TABLES IN SCHEMA public')
           END
       WHEN 'cron job' THEN
           'SELECT cron.unschedule(' || CASE WHEN s.name ~ '^[0-9]+$' THEN s.name ELSE quote_literal(s.name) END || ')'
       ELSE 'GRANT USAGE ON SCHEMA cron TO ' || quote_ident(owner.rolname) || '; GRANT SELECT ON cron.job TO '
            || quote_ident(owner.rolname)
       END || ';' AS removal
  FROM orchestrator.old_senders() s
  LEFT JOIN pg_publication p ON p.pubname = s.name
 CROSS JOIN LATERAL (
        SELECT string_agg('public.' || name, ', ' ORDER BY name DESC) AS tables
          FROM unnest(ARRAY['messages', 'message_queue']) AS name
          JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = to_regclass('public.' || name)
       ) published
  JOIN pg_proc f ON f.oid = 'orchestrator.old_senders'::regproc
  JOIN pg_roles owner ON owner.oid = f.proowner
 ORDER BY 1 DESC, 2
