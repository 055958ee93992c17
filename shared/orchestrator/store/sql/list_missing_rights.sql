-- list_missing_rights.sql: those of the rights that the role lacks, with the use of the schemas first.
WITH wanted AS (
    SELECT schema_name, NULL AS table_name, 'USAGE' AS privilege FROM (VALUES ('orchestrator'), ('public')) AS s (schema_name)
     UNION ALL
    SELECT split_part(r.name, '.', 1), split_part(r.name, '.', 2), r.privilege
      FROM unnest(%(tables)s::text[], %(privileges)s::text[]) AS r (name, privilege)
)
SELECT w.schema_name, w.table_name, w.privilege
  FROM wanted w
  JOIN pg_roles role ON role.rolname = %(role)s
 CROSS JOIN LATERAL (
       SELECT substring(w.privilege FROM '^\w+') AS command, substring(w.privilege FROM '\((\w+)\)') AS on_column,
              to_regclass(format('%%I.%%I', w.schema_name, w.table_name)) AS table_id
       ) AS parts
 WHERE NOT CASE
           WHEN w.table_name IS NULL THEN has_schema_privilege(role.oid, w.schema_name, 'USAGE')
           WHEN parts.on_column IS NULL THEN has_table_privilege(role.oid, parts.table_id, parts.command)
           ELSE has_column_privilege(role.oid, parts.table_id, parts.on_column, parts.command)
           END
 ORDER BY w.table_name IS NOT NULL, w.schema_name, w.table_name, w.privilege
