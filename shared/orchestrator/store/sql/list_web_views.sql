-- list_web_views.sql: the views through which a web role, or every role, reads shared tables with the rights of the
-- view's owner.
WITH RECURSIVE dependents (table_name, view) AS (
    SELECT c.relname, c.oid
      FROM pg_class c
     WHERE c.relnamespace = to_regnamespace('public') AND c.relname = ANY (%(tables)s::text[]) AND c.relkind IN ('r', 'p')
     UNION
    SELECT d.table_name, r.ev_class
      FROM dependents d
      JOIN pg_depend used ON used.refclassid = 'pg_class'::regclass AND used.refobjid = d.view
       AND used.classid = 'pg_rewrite'::regclass
      JOIN pg_rewrite r ON r.oid = used.objid
), roles AS (
    SELECT rolname AS name FROM pg_roles WHERE rolname = ANY (%(web_roles)s::text[])
     UNION ALL
    SELECT 'public'
)
SELECT r.name AS role, d.table_name, v.oid::regclass::text AS view_name
  FROM dependents d
  JOIN pg_class v ON v.oid = d.view AND v.relkind IN ('v', 'm')
 CROSS JOIN roles r
 WHERE NOT coalesce('security_invoker=true' = ANY (v.reloptions), false)
   AND NOT coalesce('security_invoker=on' = ANY (v.reloptions), false)
   AND has_any_column_privilege(r.name, v.oid, 'SELECT')
 ORDER BY r.name, d.table_name, view_name
