-- list_web_views.sql: the views through which a web role, or every role, reads or writes shared tables and those of our
-- schema with the rights of the view's owner.
WITH RECURSIVE tables (id, name) AS (
    SELECT c.oid, CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p')
       AND (n.nspname = 'orchestrator' OR n.nspname = 'public' AND c.relname = ANY (%(tables)s::text[]))
     UNION
    -- Partitions, and other tables that inherit.
    SELECT i.inhrelid, t.name FROM tables t JOIN pg_inherits i ON i.inhparent = t.id
), dependents (table_name, view) AS (
    SELECT name, id FROM tables
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
SELECT r.name AS role, d.table_name, v.oid::regclass::text AS view_name, rights.reads, rights.writes
  FROM dependents d
  JOIN pg_class v ON v.oid = d.view AND v.relkind IN ('v', 'm')
 CROSS JOIN roles r
 CROSS JOIN LATERAL (
       SELECT has_any_column_privilege(r.name, v.oid, 'SELECT') AS reads,
              -- Triggers of a view run with the caller's rights, so they do not count.
              pg_relation_is_updatable(v.oid, false) <> 0
              AND (has_any_column_privilege(r.name, v.oid, 'INSERT, UPDATE') OR has_table_privilege(r.name, v.oid, 'DELETE'))
                  AS writes
       ) AS rights
 WHERE (rights.reads OR rights.writes) AND has_schema_privilege(r.name, v.relnamespace, 'USAGE')
   AND NOT EXISTS (
       SELECT FROM pg_options_to_table(v.reloptions) AS o
        WHERE o.option_name = 'security_invoker' AND o.option_value::boolean
   )
 ORDER BY r.name, d.table_name, view_name
