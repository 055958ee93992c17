-- list_failing_number_triggers.sql: list the triggers of an owner that fail on each change of a person's number, each with
-- the SQL that ends it. They update the row that is being updated, and Postgres refuses that (27000: "tuple to be updated
-- was already modified").
SELECT t.tgname::text AS name, 'ALTER TABLE public.users DISABLE TRIGGER ' || quote_ident(t.tgname) || ';' AS removal
  FROM pg_catalog.pg_trigger t
  JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace AND n.nspname <> 'orchestrator'
 WHERE t.tgrelid = to_regclass('public.users') AND t.tgenabled IN ('O', 'A')
   AND t.tgtype & 19 = 19  -- for each row (1), before (2) UPDATE (16)
   AND (cardinality(t.tgattr::int2[]) = 0  -- of any column
        OR (SELECT a.attnum FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.tgrelid AND a.attname = 'phone_number')
           = ANY (t.tgattr::int2[]))
   AND orchestrator.code_behind(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc))
       ~* '\mupdate\s+(only\s+)?("?public"?\.)?"?users"?\s+(as\s+)?("?\w+"?\s+)?set\M'
 ORDER BY 1
