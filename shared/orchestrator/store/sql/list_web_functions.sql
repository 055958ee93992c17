-- list_web_functions.sql: the functions that a web role, or every role, may call, that have their owner's rights, and
-- whose code names a shared table. The code may name another table of that name.
WITH roles AS (
    SELECT rolname AS name FROM pg_roles WHERE rolname = ANY (%(web_roles)s::text[])
     UNION ALL
    SELECT 'public'
)
SELECT r.name AS role, f.oid::regprocedure::text AS function_name,
       array_agg(DISTINCT t.name ORDER BY t.name) AS table_names
  FROM pg_proc f
  JOIN pg_namespace n ON n.oid = f.pronamespace
 CROSS JOIN roles r
 CROSS JOIN unnest(%(tables)s::text[]) AS t (name)
 WHERE f.prosecdef
   AND f.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
   AND n.nspname NOT IN ('orchestrator', 'pg_catalog', 'information_schema')
   AND has_schema_privilege(r.name, n.oid, 'USAGE') AND has_function_privilege(r.name, f.oid, 'EXECUTE')
   AND pg_get_functiondef(f.oid) ~* format('\m%%s\M', t.name)
 GROUP BY r.name, f.oid
 ORDER BY r.name, function_name
